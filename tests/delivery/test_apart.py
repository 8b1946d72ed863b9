"""Where each incident has a message of its own, only what was taken counts as told."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from delivery.provider import Provider
from delivery.world import World
from tocsin.domain.channel import Accepted, Answered, Limits, Message, Result
from tocsin.domain.errors import TryAgain
from tocsin.domain.story import Story

APART = Limits(batch=500, in_flight=2, merges=False)


def body(message: Message) -> str:
    assert isinstance(message.rendered, Story)
    return message.rendered.chapters[0].body


async def test_an_end_that_was_not_taken_is_still_owed_though_another_message_was(world: World) -> None:
    await world.person("account@example.com")
    world.email.limits = APART
    first = await world.say("One is down.", severity="sev2")
    second = await world.say("Two is down.", severity="sev2")
    await world.spread()
    await world.deliver()
    await world.later(3600)

    def busy(message: Message) -> Result:
        return TryAgain("429", retry_after=60) if body(message) == "Two is fixed." else Accepted("q")

    world.email.answer = busy
    await world.say("One goes on.", about=first)
    await world.say("Two is fixed.", about=second, status="resolved")
    await world.spread()
    await world.deliver()
    world.email.answer = lambda _: Accepted("q")
    await world.later(3600)
    await world.deliver()
    assert sorted(body(message) for message in world.email.sent) == sorted(
        ["One is down.", "Two is down.", "One goes on.", "Two is fixed.", "Two is fixed."]
    )
    assert await world.states() == {"accepted": 4}
    assert await world.rows("SELECT cardinality(told) FROM pace WHERE told <> '{}'") == [(2,)]


async def test_an_endpoint_of_which_one_message_is_waited_for_is_waited_for_as_a_whole(world: World) -> None:
    heard = asyncio.Event()

    class HalfSilent(Provider):
        async def send(self, messages: Sequence[Message], answered: Answered) -> None:
            for at, message in enumerate(messages):
                self.sent.append(message)
                if message.address != "account@example.com" or body(message) == "One is down.":
                    answered(at, Accepted("q"))
            await heard.wait()
            for at, message in enumerate(messages):
                if message.address == "account@example.com" and body(message) != "One is down.":
                    answered(at, Accepted("late"))

    await world.person("account@example.com")
    await world.person("other@example.com")
    await world.say("One is down.", severity="sev2")
    await world.say("Two is down.", severity="sev2")
    await world.spread()
    half = HalfSilent(limits=APART)
    way = world.way(provider=half)
    await world.deliver(way)
    assert await world.ledger("other@example.com") == [(1, "accepted", None)] * 2
    assert await world.ledger("account@example.com") == [(1, "pending", None)] * 2
    heard.set()
    await asyncio.gather(*way.tails)
    await world.deliver()
    assert await world.ledger("account@example.com") == [(1, "accepted", None)] * 2
    assert world.email.sent == []
    assert len(half.sent) == 4
