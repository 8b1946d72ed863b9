"""A process that publishes, fans out and delivers, and dies at the step it is told.

Its steps are the statements that the database has answered and, for each message, that it is about to be handed over,
is taken by the provider, and is answered for. Numbers, so that a sweep dies after each of them once.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg

from delivery.provider import Provider
from delivery.world import World, open_world
from tocsin.domain.answers import begins_of
from tocsin.domain.channel import Accepted, Answered, Limits, Message, Result

DIED = 9
# What a message goes through at the channel's: whoever dies in there leaves one message unknown, and no more.
ABOUT, HANDED_OVER, ANSWERED_FOR = IN_HAND = ("about to hand over", "handed over", "answered for")
SECOND = "It is still down."


@dataclass
class Steps:
    """Counts steps and ends the process after the one of number `last`, as SIGKILL would; `where` it is named then."""

    last: int
    where: Path
    taken: int = 0
    counting: bool = False

    def take(self, name: str) -> None:
        if not self.counting:
            return
        self.taken += 1
        if self.taken == self.last:
            self.where.write_text(name)
            os._exit(DIED)

    def watch_the_database(self) -> None:
        """Count each statement that any connection of this process has had answered."""
        made: Callable[..., None] = asyncpg.Connection.__init__

        def watched(connection: asyncpg.Connection[Any], *args: Any) -> None:
            made(connection, *args)
            connection.add_query_logger(lambda asked: self.take(" ".join(asked.query.split())[:60]))

        asyncpg.Connection.__init__ = watched  # type: ignore[method-assign,assignment]


@dataclass
class Mailbox(Provider):
    """A provider whose record outlives us: a line for each message it took."""

    record: Path = Path()
    step: Callable[[str], None] = lambda _: None
    limits: Limits = field(default_factory=lambda: Limits(batch=4, in_flight=1, merges=True))

    async def send(self, messages: Sequence[Message], answered: Answered) -> None:
        begins = begins_of(answered)
        for index, message in enumerate(messages):
            begins([index])
            self.step(ABOUT)
            with self.record.open("a") as record:
                record.write(f"{message.address} {message.id}\n")
            self.step(HANDED_OVER)
            answered(index, _taken(message))
            self.step(ANSWERED_FOR)

    def on_record(self) -> list[tuple[str, str]]:
        """Return the address and id of each message that was ever taken."""
        return [(line.split()[0], line.split()[1]) for line in self.record.read_text().splitlines()]


def _taken(_: Message) -> Result:
    return Accepted("queued", 250)


async def whole_way(world: World, body: str) -> None:
    await world.say(body, severity="sev1")
    await world.spread()
    await world.deliver()


def live(told: Mapping[str, str], body: str, last: int) -> None:
    """Go the whole way in this process, or as far as its step of number `last`."""
    steps = Steps(last, Path(told["step"]))
    steps.watch_the_database()

    async def go() -> None:
        world = await open_world(told["database"], told["broker"])
        world.email = Mailbox(record=Path(told["record"]), step=steps.take)
        await world.keep_journal(Path(told["journal"]))
        steps.counting = True
        await whole_way(world, body)
        steps.counting = False
        await world.close()

    asyncio.run(go())
