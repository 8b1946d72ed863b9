"""A channel hears whether a message may have arrived already: it can look before it sends it once more."""

from __future__ import annotations

from delivery.world import World
from tocsin.domain.channel import Accepted
from tocsin.domain.errors import Ambiguous, TryAgain


async def test_what_may_have_arrived_says_so_and_what_was_refused_does_not(world: World) -> None:
    await world.person("someone@example.com")
    answers = iter((TryAgain("too much"), Ambiguous("no answer"), Accepted("q", 250)))
    world.email.answer = lambda _: next(answers)
    await world.tell("It is down.")
    for _ in range(4):
        await world.later(100)
        await world.deliver()
    assert [message.again for message in world.email.sent] == [False, False, True]
