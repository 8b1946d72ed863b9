"""Twilio and Vonage carry texts, each by its look-alike: one that cannot be reached loses its work and no more."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from delivery.world import World
from texts_to_send import SECRET, SID, TOKEN, sms_channel, vonage_channel
from tocsin.domain.channel import ChannelName
from tocsin.practice.http import PracticeHttp
from tocsin.practice.twilio import PracticeTwilio
from tocsin.practice.vonage import PracticeVonage
from tocsin_channels.carried import CarriedChannel

NUMBERS = [f"+1415555260{digit}" for digit in range(8)]


def took(outbox: Path) -> list[str]:
    """Return who was texted by one of them, once for each text."""
    with closing(sqlite3.connect(outbox)) as texts:
        return sorted(number for (number,) in texts.execute("SELECT recipient FROM sms_text WHERE sid <> ''"))


async def test_texts_go_by_the_other_while_one_is_away_and_by_both_later(world: World, tmp_path: Path) -> None:
    twilio, vonage = tmp_path / "twilio.sqlite", tmp_path / "vonage.sqlite"
    for number in NUMBERS:
        await world.person(number, channel=ChannelName.SMS)
    nowhere = "http://127.0.0.1:1/replies"
    look_alike = PracticeHttp([PracticeTwilio(twilio, SID, TOKEN, nowhere)])
    async with look_alike:
        port = look_alike.port  # nobody answers there from here on
    async with PracticeHttp([PracticeVonage(vonage, "key", "secret", SECRET, nowhere)]) as other:
        ways = {
            "twilio": sms_channel(f"http://127.0.0.1:{port}"),
            "vonage": vonage_channel(f"http://{other.host}", public="http://127.0.0.1:1"),
        }
        channel = CarriedChannel(ways, {"twilio": 100, "vonage": 0})
        way = world.way(provider=channel)
        assert way.providers is not None
        await world.say("It is broken.", severity="sev1")
        await world.spread()
        await world.deliver(way)
        assert took(vonage) == NUMBERS, "nobody waits for another try"
        states = await world.rows("SELECT DISTINCT state::text FROM endpoint WHERE channel = 'sms'")
        assert states == [("active",)], "no number is blamed"
        async with PracticeHttp([PracticeTwilio(twilio, SID, TOKEN, nowhere)], port):
            await world.later(60)
            await way.providers.refresh(0)
            await way.providers.ask("twilio")
            await world.later(3600)
            await way.providers.refresh(0)
            await world.say("And the search.", severity="sev1")
            await world.spread()
            await world.deliver(way)
            assert took(twilio) == NUMBERS
            await channel.close()
    by = await world.rows("SELECT provider, count(*) FROM delivery WHERE provider <> '' GROUP BY 1 ORDER BY 1")
    assert by == [("twilio", len(NUMBERS)), ("vonage", len(NUMBERS))]
