"""Several providers for one channel: the flat settings are the first, and a table says only what differs."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from tocsin import settings
from tocsin.domain.channel import ChannelName, providers_of
from tocsin.domain.errors import Refused
from tocsin.settings import BrokenSettings
from tocsin_channels.registry import build

FLAT = '[email]\nsmtp_url = "smtp://first:25"\nbounce_domain = "bounces.acme.example"\n'


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("TOCSIN_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TOCSIN_CONFIG", str(tmp_path))
    return tmp_path / "tocsin.toml"


def _mail() -> Sequence[tuple[str, str, int]]:
    return [(one.name, one.smtp_url or one.ses_region, one.weight) for one in settings.read().email.providers]


def test_the_flat_settings_are_one_provider(config: Path) -> None:
    config.write_text(FLAT)
    assert _mail() == [("smtp", "smtp://first:25", 100)]
    config.write_text(FLAT.replace("[email]", '[email]\nprovider = "ses"'))
    assert _mail() == [], "another one is named, and nothing is set for it"


def test_tables_come_after_the_flat_one_and_take_from_it_what_they_do_not_say(config: Path) -> None:
    config.write_text(
        FLAT
        + """
[[email.provider]]
kind = "smtp"
smtp_url = "smtp://second:25"
weight = 30
[[email.provider]]
name = "amazon"
kind = "ses"
ses_region = "eu-central-1"
bounce_domain = "other.example"
"""
    )
    assert _mail()[:2] == [("smtp", "smtp://first:25", 100), ("smtp-2", "smtp://second:25", 30)]
    first, second, third = settings.read().email.providers
    assert (third.name, third.kind, third.ses_region) == ("amazon", "ses", "eu-central-1")
    assert [one.bounce_domain for one in (first, second, third)] == ["bounces.acme.example"] * 2 + ["other.example"]


def test_a_table_that_does_not_say_where_describes_the_flat_one(config: Path) -> None:
    config.write_text(FLAT + '[[email.provider]]\nkind = "smtp"\nname = "ours"\nweight = 70\n')
    assert _mail() == [("ours", "smtp://first:25", 70)]


def test_a_list_can_come_by_the_environment_or_from_a_file(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_SMS__TWILIO_ACCOUNT_SID", "AC1")
    tables = [{"kind": "vonage", "vonage_api_key": "k", "from": "ACME"}]
    kept = config.parent / "providers"
    kept.write_text(json.dumps(tables))
    for name, value in (("PROVIDER", json.dumps(tables)), ("PROVIDER_FILE", str(kept))):
        with monkeypatch.context() as patched:
            patched.setenv(f"TOCSIN_SMS__{name}", value)
            read = settings.read().sms.providers
        assert [(one.name, one.kind, one.from_) for one in read] == [
            ("twilio", "twilio", ""),
            ("vonage", "vonage", "ACME"),
        ]


@pytest.mark.parametrize(
    ("tables", "told"),
    [
        (
            '[[email.provider]]\nkind = "ses"',
            r"email .*the provider ses needs ses_region, in its table or in \[email\]",
        ),
        (
            '[[email.provider]]\nkind = "smpt"',
            r"email\.provider\.0\.kind \(TOCSIN_EMAIL__PROVIDER\): .*'smtp'",
        ),
        (
            '[[email.provider]]\nkind = "smtp"\nsmpt_url = "x"',
            r"email\.provider\.0\.smpt_url .*Did you mean smtp_url\?",
        ),
        ('[[email.provider]]\nkind = "smtp"\nname = "A B"', r"email\.provider\.0\.name .*pattern"),
        ('[[email.provider]]\nkind = "smtp"\nname = "smtp"\nsmtp_url = "smtp://b"', r"two providers are called smtp"),
        (
            '[email.provider]\nkind = "smtp"',
            r"\(TOCSIN_EMAIL__PROVIDER\): write \[\[email\.provider\]\], with two brackets",
        ),
        (
            '[[email.provider]]\nkind = "smtp"\nmessages_per_second = -3',
            r"provider\.0\.messages_per_second \(TOCSIN_EMAIL__PROVIDER\): Input should be greater",
        ),
        ('[email]\nprovider = "smpt"', r"email\.provider \(TOCSIN_EMAIL__PROVIDER\): .*'smtp', 'ses'"),
    ],
)
def test_a_mistake_is_named_with_its_place_and_cure(config: Path, tables: str, told: str) -> None:
    config.write_text((FLAT if 'smpt"' not in tables else "") + tables)
    with pytest.raises(BrokenSettings, match=told):
        settings.read()


def test_every_provider_carries_its_channel_under_a_name_of_its_own(config: Path) -> None:
    second = '[[email.provider]]\nkind = "smtp"\nname = "{name}"\nsmtp_url = "smtp://second:25"\n'
    (config.parent / "policy.toml").write_text((settings.REPOSITORY_CONFIG / "policy.toml").read_text())
    config.write_text(FLAT + second.format(name="backup"))
    assert providers_of(build(settings.read())[ChannelName.EMAIL]) == ["smtp", "backup"]
    config.write_text(FLAT + second.format(name="chat"))
    with pytest.raises(Refused, match="Two providers are called chat"):
        build(settings.read())
