"""Two SMTP servers that carry one channel: what tests of providers that fail stand on."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

from delivery.world import World
from scripted_smtp import Answer, Scripted, served
from tocsin.domain.channel import ChannelName
from tocsin.practice.smtp import PracticeServer
from tocsin.services.providers import Providers
from tocsin.services.way import Way
from tocsin_channels.carried import CarriedChannel
from tocsin_channels.email.channel import EmailChannel, parse_sender
from tocsin_channels.email.letter import Bounces
from tocsin_channels.email.server import Patience, Server
from tocsin_channels.email.smtp import Smtp
from words_to_send import SHIPPED

WELL: dict[str, Answer] = {"AUTH": lambda _: "235 2.7.0 welcome"}
# What a server that has thrown us out says to whoever signs in.
WRONG_PASSWORD: dict[str, Answer] = {"AUTH": lambda _: "535 5.7.8 Authentication credentials invalid"}
SILENT: dict[str, Answer] = {"GREETING": lambda _: ""}


@dataclass
class TwoServers:
    """`first` is what the test makes of it, `second` takes whatever it gets."""

    world: World
    first: Scripted
    second: PracticeServer
    path: Path
    channel: CarriedChannel
    way: Way

    @property
    def providers(self) -> Providers:
        assert self.way.providers is not None
        return self.way.providers

    async def later(self, seconds: float) -> None:
        """Let time pass, and let this process notice."""
        await self.world.later(seconds)
        await self.providers.refresh(0)

    def kept(self) -> list[str]:
        """Return who has mail at the second server, once for each."""
        with closing(sqlite3.connect(self.path)) as outbox:
            return sorted(recipient for (recipient,) in outbox.execute("SELECT recipient FROM message"))

    async def changes(self, what: str = "breaker") -> list[tuple[str, str]]:
        """Return the changes of the first one, as the record has them."""
        rows = await self.world.rows(
            "SELECT before, after FROM provider_change WHERE provider = 'first' AND what = :what ORDER BY id", what=what
        )
        return [(before, after) for before, after in rows]

    async def carried_by(self) -> dict[str, int]:
        """Return how many rows each provider took, as the ledger has it."""
        rows = await self.world.rows(
            """SELECT d.provider, count(*) FROM delivery d JOIN endpoint e ON e.id = d.endpoint_id
            WHERE e.channel = 'email' AND d.state = 'accepted' GROUP BY 1"""
        )
        return {name: n for name, n in rows}  # noqa: C416 - rows are tuples of anything


@asynccontextmanager
async def two_servers(
    world: World, home: Path, *, weights: tuple[int, int] = (100, 0), seconds: float = 5.0
) -> AsyncGenerator[TwoServers]:
    """Run both, the first of which wants a password; by the usual weights the second one only stands by."""
    scripted = Scripted(dict(WELL), features=("PIPELINING", "8BITMIME", "AUTH PLAIN"))
    path = home / "second.sqlite"
    async with served(scripted) as first, PracticeServer(path) as second:
        ways = {
            "first": _channel(f"smtp://us:secret@127.0.0.1:{first.port}", seconds, "first"),
            "second": _channel(f"smtp://127.0.0.1:{second.port}", seconds, "second"),
        }
        channel = CarriedChannel(ways, dict(zip(ways, weights, strict=True)))
        way = world.way(provider=channel)
        made = TwoServers(world, first, second, path, channel, way)
        yield made
        await made.providers.close()
        await channel.close()


def _channel(url: str, seconds: float, name: str) -> EmailChannel:
    sender = parse_sender("Acme <status@acme.example>")
    carrier = Smtp(Server.parse(url), Bounces("", sender.address), "", patience=Patience(seconds, seconds, seconds))
    return EmailChannel(carrier, sender, SHIPPED[ChannelName.EMAIL], name)
