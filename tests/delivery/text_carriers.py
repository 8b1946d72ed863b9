"""Texts by look-alikes of two carriers, one of them behind a proxy that misbehaves: what each took, and the ledger."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

from delivery.world import World
from faults.proxy import Proxy
from texts_to_send import SECRET, SID, TOKEN, carried
from tocsin.domain.channel import ChannelName
from tocsin.practice.http import PracticeHttp
from tocsin.practice.outbox import outbox_path
from tocsin.practice.twilio import PracticeTwilio
from tocsin.practice.vonage import PracticeVonage
from tocsin.services.way import Way
from tocsin_channels.carried import CarriedChannel

NUMBER = "+14155552671"
KEPT_AND_HUNG_UP = "+15005550012"  # by either
WAIT = 121.0  # more than reports are waited for, the first time


@dataclass
class Carriers:
    """Twilio behind a proxy, and Vonage, which carries where Twilio is turned off; both keep their texts."""

    proxy: Proxy
    channel: CarriedChannel
    twilio: Path
    vonage: Path

    def heard(self, by: Path) -> list[str]:
        """Return whom one of them took texts for, once for each text."""
        with closing(sqlite3.connect(by)) as texts:
            return [to for (to,) in texts.execute("SELECT recipient FROM sms_text WHERE sid <> '' ORDER BY id")]

    def hide(self, *, hidden: bool) -> None:
        """Have Twilio list late what it took."""
        now, then = ("+", "hidden ") if hidden else ("hidden ", "+")
        with closing(sqlite3.connect(self.twilio, isolation_level=None)) as texts:
            texts.execute("UPDATE sms_text SET recipient = replace(recipient, ?, ?)", (now, then))


@asynccontextmanager
async def open_carriers(folder: Path) -> AsyncGenerator[Carriers]:
    twilio, vonage = outbox_path(folder / "twilio"), outbox_path(folder / "vonage")
    nowhere = "http://127.0.0.1:1/replies"
    async with (
        PracticeHttp([PracticeTwilio(twilio, SID, TOKEN, nowhere)]) as first,
        PracticeHttp([PracticeVonage(vonage, "key", "secret", SECRET, nowhere)]) as second,
    ):
        with Proxy(first.port) as proxy:
            channel = carried(f"http://127.0.0.1:{proxy.port}", f"http://{second.host}", seconds=0.5)
            yield Carriers(proxy, channel, twilio, vonage)
            await channel.close()


async def told(world: World, way: Way, number: str = NUMBER) -> None:
    await world.person(number, channel=ChannelName.SMS)
    await world.say("It is broken.", severity="sev1")
    await world.spread()
    await world.deliver(way)


async def later(world: World, way: Way, seconds: float) -> None:
    await world.later(seconds)
    await world.deliver(way)


async def by_vonage(world: World, way: Way) -> None:
    """Turn Twilio off: whatever goes out from now on goes by Vonage."""
    await world.run(
        """INSERT INTO provider (channel, name, wish) VALUES ('sms', 'twilio', 'off')
        ON CONFLICT (channel, name) DO UPDATE SET wish = 'off'"""
    )
    assert way.providers is not None
    await way.providers.refresh(0)


async def row(world: World) -> tuple[object, ...]:
    [found] = await world.rows(
        "SELECT state::text, reason, provider, unknowns, cleared, tries FROM delivery WHERE provider IS NOT NULL"
    )
    return found
