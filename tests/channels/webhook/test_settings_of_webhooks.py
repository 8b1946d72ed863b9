"""From settings to where calls may go."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError
from structlog.testing import capture_logs

from tocsin.domain.channel import ChannelName
from tocsin.domain.errors import Refused
from tocsin.sections import Webhook
from tocsin.services.address import read_address
from tocsin.settings import Settings
from tocsin_channels.registry import build

WEBHOOK = ChannelName.WEBHOOK


def settings(home: Path, **webhook: Any) -> Settings:
    return Settings(home=home, secret=SecretStr("x" * 40), webhook=Webhook.model_validate(webhook))


async def test_webhooks_need_no_account_and_go_to_public_addresses_alone(tmp_path: Path) -> None:
    channels = build(settings(tmp_path))
    assert "public addresses over https, port 443" in await channels[WEBHOOK].check()
    kept = read_address(WEBHOOK, "HTTPS://Example.com:443/Hook", channels)
    assert kept == ("https://example.com/Hook", "https://example.com/Hook")
    for closed in ("http://example.com/", "https://example.com:8443/", "https://10.0.0.1/", "https://localhost/"):
        with pytest.raises(Refused):
            read_address(WEBHOOK, closed, channels)


async def test_operators_may_open_ports(tmp_path: Path) -> None:
    channels = build(settings(tmp_path, ports=[443, 8443]))
    assert read_address(WEBHOOK, "https://example.com:8443/", channels).key == "https://example.com:8443/"


async def test_private_networks_are_open_to_tests_alone_and_that_is_warned_of(tmp_path: Path) -> None:
    with capture_logs() as told:
        channels = build(settings(tmp_path, allow_private_networks=True))
    assert ("webhook.private_networks_allowed", "warning") in [(line["event"], line["log_level"]) for line in told]
    assert "for tests alone" in await channels[WEBHOOK].check()
    assert read_address(WEBHOOK, "http://127.0.0.1:9/x", channels).written == "http://127.0.0.1:9/x"
    with capture_logs() as told:
        build(settings(tmp_path))
    assert told == []


async def test_the_practice_receiver_is_let_in_and_nobody_near_it(tmp_path: Path) -> None:
    channels = build(settings(tmp_path, practice_host="127.0.0.1:2580"))
    assert read_address(WEBHOOK, "http://127.0.0.1:2580/webhook/a", channels).written.endswith("/webhook/a")
    with pytest.raises(Refused):
        read_address(WEBHOOK, "http://127.0.0.1:2581/webhook/a", channels)


@pytest.mark.parametrize("host", ["10.0.0.1:80", "169.254.169.254:80", "localhost:1", "127.0.0.1", "127.0.0.1:"])
def test_nothing_but_this_machine_can_be_named_the_practice_receiver(host: str) -> None:
    with pytest.raises(ValidationError):
        Webhook(practice_host=host)
