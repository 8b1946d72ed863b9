"""What a worker process is made of fits together."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr

from delivery.world import World
from tocsin.broker import DELIVER
from tocsin.carrier_sections import Email, Sms
from tocsin.domain.channel import ChannelName
from tocsin.settings import Settings
from tocsin_workers.resources import open_resources
from tocsin_workers.watch import Signs


async def test_notices_share_the_pace_and_the_providers_of_what_else_a_channel_delivers(
    world: World, database_url: str, broker_url: str, tmp_home: Path
) -> None:
    del world  # which has written the audiences that a worker waits for
    settings = Settings(
        brand="Acme",
        home=tmp_home,
        database_url=database_url,
        broker_url=broker_url,
        public_url="http://status.test",
        secret=SecretStr("s" * 32),
        email=Email(smtp_url="smtp://127.0.0.1:9"),
        sms=Sms.model_validate({"twilio_account_sid": "AC1", "twilio_auth_token": "t", "from": "+15005550006"}),
    )
    resources = await open_resources(settings, frozenset({DELIVER[ChannelName.SMS]}), Signs())
    desk, way = resources.desks[ChannelName.SMS], resources.ways[ChannelName.SMS]
    await resources.close()
    assert desk.pacer is not None
    assert (desk.channel, desk.pacer, desk.providers) == (way.channel, way.pacer, way.providers)
