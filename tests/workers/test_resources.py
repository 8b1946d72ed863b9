"""What a worker process is made of fits together."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from delivery.world import World
from tocsin.broker import DELIVER
from tocsin.carrier_sections import Email, Sms
from tocsin.domain.channel import ChannelName
from tocsin.settings import Settings
from tocsin_workers import resources
from tocsin_workers.resources import open_resources
from tocsin_workers.watch import Signs


@pytest.fixture
def settings(database_url: str, broker_url: str, tmp_home: Path) -> Settings:
    return Settings(
        brand="Acme",
        home=tmp_home,
        database_url=database_url,
        broker_url=broker_url,
        public_url="http://status.test",
        secret=SecretStr("s" * 32),
        email=Email(smtp_url="smtp://127.0.0.1:9"),
        sms=Sms.model_validate({"twilio_account_sid": "AC1", "twilio_auth_token": "t", "from": "+15005550006"}),
    )


async def test_what_fails_by_the_clock_keeps_no_promise_waiting(
    world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def breaks(*_: object) -> int:
        raise ValueError("no such word")

    monkeypatch.setattr(resources, "keep_schedule", breaks)
    await world.person("someone@example.com")
    opened = await open_resources(settings, frozenset({DELIVER[ChannelName.SMS]}), Signs())
    await world.say("It is down.")
    with pytest.raises(ValueError, match="no such word"):
        await opened.catch_up()
    await opened.close()
    assert await world.ledger("someone@example.com") == [(1, "pending", None)]


async def test_notices_share_the_pace_and_the_providers_of_what_else_a_channel_delivers(
    world: World, settings: Settings
) -> None:
    del world  # which has written the audiences that a worker waits for
    opened = await open_resources(settings, frozenset({DELIVER[ChannelName.SMS]}), Signs())
    desk, way = opened.desks[ChannelName.SMS], opened.ways[ChannelName.SMS]
    await opened.close()
    assert desk.pacer is not None
    assert (desk.channel, desk.pacer, desk.providers) == (way.channel, way.pacer, way.providers)
