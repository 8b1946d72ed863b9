"""From settings to channels."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from tocsin.carrier_sections import Email
from tocsin.domain.channel import ChannelName, way_by
from tocsin.domain.errors import Refused
from tocsin.settings import Settings
from tocsin_channels.email.channel import EmailChannel
from tocsin_channels.email.smtp import Smtp
from tocsin_channels.registry import build
from tocsin_channels.registry_email import PRACTICE_BOUNCES, receipt_token


def settings(home: Path, *, practice: bool, **email: str) -> Settings:
    return Settings(home=home, practice=practice, secret=SecretStr("x" * 40), email=Email.model_validate(email))


def test_mail_is_a_channel_where_a_server_is_named(tmp_path: Path) -> None:
    assert ChannelName.EMAIL not in build(settings(tmp_path, practice=False))
    built = build(settings(tmp_path, practice=False, smtp_url="smtp://127.0.0.1:2525"))
    assert {ChannelName.STATUS_PAGE, ChannelName.EMAIL} <= set(built)


def test_in_practice_bounces_come_back_without_being_set_up(tmp_path: Path) -> None:
    practised = settings(tmp_path, practice=True, smtp_url="smtp://127.0.0.1:2525")
    channel = way_by(build(practised)[ChannelName.EMAIL], "smtp")
    assert isinstance(channel, EmailChannel)
    assert isinstance(channel.carrier, Smtp)
    assert channel.carrier.bounces.domain == PRACTICE_BOUNCES
    with pytest.raises(Refused, match="not sent to a bounce address"):
        channel.read_receipt(
            b"To: somebody@else.example", {"authorization": f"Bearer {receipt_token(practised, practised.email)}"}, ""
        )


def test_otherwise_nobody_may_report_bounces_before_a_token_is_set(tmp_path: Path) -> None:
    real = settings(tmp_path, practice=False, smtp_url="smtp://127.0.0.1:2525")
    assert receipt_token(real, real.email) == ""
    with pytest.raises(Refused, match="Authorization"):
        build(real)[ChannelName.EMAIL].read_receipt(b"", {"authorization": "Bearer "}, "")


@pytest.mark.parametrize(
    "url",
    [
        "smtp://joe:pa/ss@mail.example",
        "smtp://joe:pa#ss@h",
        "smtp://joe:25#ss@h",
        "smtp://joe:pass@h:99999",
        "smtp://[::1",
        "joe:pass@h",
    ],
)
def test_a_server_that_cannot_be_read_is_refused_with_an_example_and_without_its_password(
    url: str, tmp_path: Path
) -> None:
    with pytest.raises(Refused, match="named like smtp://user:password@mail") as refused:
        build(settings(tmp_path, practice=False, smtp_url=url))
    assert refused.value.__cause__ is None, "it would quote the address"
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


@pytest.mark.parametrize("sender", ["", "nobody", "Acme <a b@c>", "Acme <grüße@acme.example>"])
def test_a_sender_that_mail_cannot_be_from_is_refused_with_an_example(sender: str, tmp_path: Path) -> None:
    wrong = settings(tmp_path, practice=False, smtp_url="smtp://127.0.0.1:2525", **{"from": sender})
    with pytest.raises(Refused, match="Write who mail is from"):
        build(wrong)


@pytest.mark.parametrize(
    ("provider", "wishes"),
    [
        ("ses", {"ses_region": "eu-central-1"}),
        ("sendgrid", {"sendgrid_api_key": "SG.key"}),
        ("mailgun", {"mailgun_api_key": "key"}),
        ("postmark", {"postmark_server_token": "token"}),
    ],
)
def test_each_provider_carries_once_it_has_what_it_needs(provider: str, wishes: dict[str, str], tmp_path: Path) -> None:
    assert ChannelName.EMAIL not in build(settings(tmp_path, practice=False, provider=provider))
    built = build(settings(tmp_path, practice=False, provider=provider, **wishes))
    assert built[ChannelName.EMAIL].provider == provider


def test_mail_is_not_signed_for_a_domain_that_does_not_count(tmp_path: Path) -> None:
    strange = {"dkim_domain": "other.example", "dkim_selector": "s", "from": "Acme <status@acme.example>"}
    with pytest.raises(Refused, match="a domain above it"):
        build(settings(tmp_path, practice=False, smtp_url="smtp://127.0.0.1:2525", **strange))
