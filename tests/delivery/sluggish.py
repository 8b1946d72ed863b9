"""A provider that keeps some addresses waiting until the others are through, and a batch that it was given."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from delivery.provider import Provider
from delivery.world import World
from tocsin.domain.channel import Accepted, Answered, Message, Result


class Sluggish(Provider):
    """Answers at once for all but `slow`, and for those when `heard` is set."""

    def __init__(self, slow: set[str], last: Result | None = None) -> None:
        super().__init__()
        self.slow = slow
        self.last = last or Accepted("late", 250)
        self.heard = asyncio.Event()

    async def send(self, messages: Sequence[Message], answered: Answered) -> None:
        self.sent += messages
        for at, message in enumerate(messages):
            if message.address not in self.slow:
                answered(at, Accepted("queued", 250))
        if any(message.address in self.slow for message in messages):
            await self.heard.wait()
        for at, message in enumerate(messages):
            if message.address in self.slow:
                answered(at, self.last)


async def slow_batch(world: World, slow: set[str], last: Result | None = None) -> Sluggish:
    provider = Sluggish(slow, last)
    way = world.way(provider=provider)
    await world.spread()
    await world.deliver(way)
    provider.heard.set()
    await asyncio.gather(*way.tails)
    return provider
