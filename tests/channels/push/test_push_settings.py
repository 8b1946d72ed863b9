"""What settings make of the channel: a key that is checked at start, and somebody whom push services may write to."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from pydantic import SecretStr

from pushes import PRIVATE_KEY, WHOLE
from tocsin.carrier_sections import Email
from tocsin.domain.channel import ChannelName
from tocsin.domain.errors import Refused
from tocsin.domain.vapid_key import public_key
from tocsin.embedded.home import keep_push_key
from tocsin.sections import Push, Webhook
from tocsin.services.address import read_address
from tocsin.settings import BrokenSettings, Settings, read
from tocsin_channels.registry import build


def made(tmp_path: Path, push: Push, **more: object) -> Settings:
    return Settings(home=tmp_path, push=push, **more)  # type: ignore[arg-type]


def key(contact: str = "") -> Push:
    return Push(private_key=SecretStr(PRIVATE_KEY), contact=contact)


def test_without_a_key_there_is_no_push(tmp_path: Path) -> None:
    assert ChannelName.PUSH not in build(made(tmp_path, Push()))
    assert Push().public_key == ""


def test_the_public_key_is_the_one_of_the_rfcs_example() -> None:
    # RFC 8291, appendix A: the keys of the sender.
    point = "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8"
    assert key().public_key == public_key(PRIVATE_KEY) == point


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"push": key("mailto:ops@acme.example")}, "mailto:ops@acme.example"),
        ({"push": key(), "public_url": "https://status.acme.example/"}, "https://status.acme.example"),
        (
            {"push": key(), "email": Email.model_validate({"from": "Acme <status@acme.example>"})},
            "mailto:status@acme.example",
        ),
    ],
)
async def test_messages_go_out_in_somebodys_name(tmp_path: Path, settings: dict[str, object], told: str) -> None:
    channel = build(Settings(home=tmp_path, **settings))[ChannelName.PUSH]  # type: ignore[arg-type]
    assert (await channel.check()).endswith(told)
    await channel.close()


@pytest.mark.parametrize("value", ["x", "-----BEGIN EC PRIVATE KEY-----", "A" * 43])
def test_a_key_that_is_none_is_named_at_start(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("TOCSIN_PUSH__PRIVATE_KEY", value)
    with pytest.raises(BrokenSettings, match=r"push\.private_key .*make secrets") as broken:
        read()
    assert value not in str(broken.value)


@pytest.mark.parametrize("value", ["ops@acme.example", "http://acme.example", "mailto:", "tel:+14155550101"])
def test_a_contact_that_no_service_believes_in_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="contact"):
        key(value)


def test_a_subscription_is_taken_where_webhooks_may_go(tmp_path: Path) -> None:
    open_ = build(made(tmp_path, key(), webhook=Webhook(ports=[443, 8443])))
    at = WHOLE | {"endpoint": "https://push.example:8443/x"}
    assert read_address(ChannelName.PUSH, at, open_).key == at["endpoint"]
    with pytest.raises(Refused, match="Port 8443"):
        read_address(ChannelName.PUSH, at, build(made(tmp_path, key())))


def test_a_home_keeps_one_key_for_its_owner_alone(tmp_path: Path) -> None:
    path = keep_push_key(tmp_path)
    kept = path.read_text()
    assert public_key(kept.strip())
    assert keep_push_key(tmp_path).read_text() == kept
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
