"""Settings: the file explains all of them, the environment overlays them, and mistakes are named with their cure."""

from __future__ import annotations

import os
import tomllib
from operator import attrgetter
from pathlib import Path

import pytest
from pydantic import BaseModel, SecretStr

from tocsin import settings
from tocsin.settings import BrokenSettings, Settings
from tocsin.wrong_setting import names_of

FILE = settings.REPOSITORY_CONFIG / "tocsin.toml"


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of configuration, and an environment that says nothing else."""
    for name in [name for name in os.environ if name.startswith("TOCSIN_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TOCSIN_CONFIG", str(tmp_path))
    return tmp_path / "tocsin.toml"


def _plain(value: object) -> object:
    match value:
        case BaseModel():
            fields = type(value).model_fields
            return {field.alias or name: _plain(getattr(value, name)) for name, field in fields.items()}
        case SecretStr():
            return value.get_secret_value()
        case Path():
            return str(value)
        case _:
            return value


def test_the_file_has_every_setting_with_the_default_of_the_code(config: Path) -> None:
    assert not config.exists()
    assert tomllib.loads(FILE.read_text()) == _plain(settings.read())


def test_every_setting_in_the_file_is_explained_above_it() -> None:
    explained = False
    for line in FILE.read_text().splitlines():
        if line.startswith("#"):
            explained = True
        elif " = " in line:
            assert explained, f"config/tocsin.toml says nothing about: {line}"
        else:
            explained = False


def test_the_file_as_it_stands_changes_nothing(config: Path) -> None:
    without = settings.read()
    config.write_text(FILE.read_text())
    assert settings.read() == without


@pytest.mark.parametrize(
    ("variable", "setting"),
    [
        ("TOCSIN_HOME", attrgetter("home")),
        ("TOCSIN_PUBLIC_URL", attrgetter("public_url")),
        ("TOCSIN_DATABASE_URL", attrgetter("database_url")),
        ("TOCSIN_BROKER_URL", attrgetter("broker_url")),
        ("TOCSIN_EMAIL__SMTP_URL", attrgetter("email.smtp_url")),
        ("TOCSIN_EMAIL__FROM", attrgetter("email.from_")),
        ("TOCSIN_SMS__TWILIO_URL", attrgetter("sms.twilio_url")),
        ("TOCSIN_SMS__TWILIO_ACCOUNT_SID", attrgetter("sms.twilio_account_sid")),
        ("TOCSIN_SMS__FROM", attrgetter("sms.from_")),
    ],
)
def test_the_variables_that_a_harness_relies_on_work(
    config: Path, monkeypatch: pytest.MonkeyPatch, variable: str, setting: attrgetter[object]
) -> None:
    assert not config.exists()
    monkeypatch.setenv(variable, "/given")
    assert str(setting(settings.read())) == "/given"


def test_the_environment_beats_the_file(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config.write_text('brand = "Acme"\n[web]\nport = 8001\nhost = "0.0.0.0"\n')
    monkeypatch.setenv("TOCSIN_WEB__PORT", "8002")
    read = settings.read()
    assert (read.brand, read.web.host, read.web.port) == ("Acme", "0.0.0.0", 8002)


def test_a_secret_may_come_from_a_file(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = config.parent / "secret"
    secret.write_text("s3cret\n")
    monkeypatch.setenv("TOCSIN_SECRET_FILE", str(secret))
    monkeypatch.setenv("TOCSIN_EMAIL__SMTP_URL_FILE", str(secret))
    read = settings.read()
    assert read.secret.get_secret_value() == "s3cret"
    assert read.email.smtp_url == "s3cret"
    assert "s3cret" not in repr(read.secret)


def test_a_secret_file_that_is_missing_is_named(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_SECRET_FILE", str(config.parent / "nowhere"))
    with pytest.raises(BrokenSettings, match=r"TOCSIN_SECRET_FILE .*nowhere"):
        settings.read()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('brnad = "x"', r"brnad \(TOCSIN_BRNAD\): there is no such setting\. Did you mean brand\?"),
        ('[email]\nsmpt_url = "x"', r"email\.smpt_url .*Did you mean smtp_url\?"),
        ("[emial]\nconnections = 4", r"emial .*Did you mean email\?"),
        ('[web]\nport = "eighty"', r"web\.port \(TOCSIN_WEB__PORT\): .*integer"),
        ('[web]\ntrusted_proxies = ["*"]', r"web\.trusted_proxies .*'\*'"),
        ('[web]\ntrusted_proxies = ["10.0.0.1/8"]', r"web\.trusted_proxies .*host bits"),
        ("[delivery]\nbatch = 0", r"delivery\.batch .*greater than or equal to 1"),
        ("[web\nport = 1", r"tocsin\.toml is not TOML: .*line 1"),
    ],
)
def test_a_mistake_in_the_file_is_named_with_its_place_and_cure(config: Path, text: str, told: str) -> None:
    config.write_text(text)
    with pytest.raises(BrokenSettings, match=told):
        settings.read()


@pytest.mark.parametrize(
    ("variable", "told"),
    [
        ("TOCSIN_EMAIL__SMPT_URL", "Did you mean smtp_url"),
        ("TOCSIN_EMIAL__SMTP_URL", "TOCSIN_EMIAL__SMTP_URL: there is no such section"),
        ("TOCSIN_EMAIL", "one by one"),
    ],
)
def test_a_mistake_in_the_environment_is_named_too(
    config: Path, monkeypatch: pytest.MonkeyPatch, variable: str, told: str
) -> None:
    assert not config.exists()
    monkeypatch.setenv(variable, "{x")
    with pytest.raises(BrokenSettings, match=told):
        settings.read()


def test_a_password_is_never_part_of_the_message(config: Path) -> None:
    config.write_text('[email]\npassword = "hunter2"\n[web]\nport = "hunter2"')
    with pytest.raises(BrokenSettings) as refused:
        settings.read()
    assert "hunter2" not in str(refused.value)


def test_every_name_is_one_that_a_variable_can_have() -> None:
    for name in names_of(Settings):
        assert name.replace("_", "").isalnum()
        assert not name.endswith("_file"), "would be read as a file's name"


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ('[[email.provider]]\nkind = "smtp"\nsmtp_url = "smtp://a"\nweight = true', "email.provider.0.weight"),
        ('[[email.provider]]\nkind = "smtp"\nsmtp_url = "smtp://a"\nweight = "1"', "email.provider.0.weight"),
        ("[email]\nmessages_per_second = inf", "email.messages_per_second"),
        ("[email]\nmessages_per_second = true", "true is for a setting that is on or off"),
        ("[email]\nmessages_per_day = nan", "email.messages_per_day"),
        ("[sms]\nsegments_per_second = inf", "sms.segments_per_second"),
        ("[sms]\ntimeout_seconds = inf", "sms.timeout_seconds"),
        ("[delivery]\nlease_seconds = 0.001", "delivery.lease_seconds"),
        ("[delivery]\nsweep_seconds = 0.001", "delivery.sweep_seconds"),
        ("[delivery]\nstalled_seconds = 0.001", "write 1 or more seconds, or 0 for never"),
        ("[web]\nport = true", "web.port"),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_name(config: Path, written: str, says: str) -> None:
    config.write_text(written)
    with pytest.raises(BrokenSettings) as broken:
        settings.read()
    assert says in str(broken.value)


def test_the_environment_writes_numbers_as_text_and_switches_as_words(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.write_text("[delivery]\nstalled_seconds = 0")
    monkeypatch.setenv("TOCSIN_EMAIL__MESSAGES_PER_SECOND", "12.5")
    monkeypatch.setenv("TOCSIN_WEBHOOK__ALLOW_PRIVATE_NETWORKS", "true")
    read = settings.read()
    assert read.email.messages_per_second == 12.5
    assert read.webhook.allow_private_networks
    assert read.delivery.stalled_seconds == 0
