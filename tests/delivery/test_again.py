"""A channel hears whether a message may have arrived already: it can look before it sends it once more."""

from __future__ import annotations

from sqlalchemy import text

from delivery.world import World
from tocsin.domain.channel import Accepted, Message
from tocsin.domain.errors import Ambiguous, GiveUp, TryAgain
from tocsin.services.retry import retry_all
from tocsin.store.engine import begin


async def test_what_may_have_arrived_says_so_and_what_was_refused_does_not(world: World) -> None:
    await world.person("someone@example.com")
    answers = iter((TryAgain("too much"), Ambiguous("no answer"), Accepted("q", 250)))
    world.email.answer = lambda _: next(answers)
    await world.tell("It is down.")
    for _ in range(4):
        await world.later(100)
        await world.deliver()
    assert [message.again for message in world.email.sent] == [False, False, True]


async def test_what_a_look_has_cleared_is_looked_for_all_the_same_the_next_time(world: World) -> None:
    number = await world.person("someone@example.com")
    refused = TryAgain("too much")
    refused.cleared = True
    answers = iter((Ambiguous("no answer"), refused))
    world.email.answer = lambda _: next(answers)
    await world.tell("It is down.")
    await world.later(100)
    await world.deliver()
    assert await world.rows("SELECT unknowns, cleared FROM delivery WHERE endpoint_id = :id", id=number) == [(1, 1)]
    world.email.answer = lambda _: Accepted("q", 250)
    await world.later(100)
    await world.deliver()
    assert [message.again for message in world.email.sent] == [False, True, True], "what was taken may be listed late"


async def test_what_could_not_be_written_once_more_is_in_doubt_as_before(world: World) -> None:
    await world.person("someone@example.com")
    world.email.answer = lambda _: Ambiguous("no answer")
    await world.tell("It is down.")

    async def breaks(*_: object) -> list[Message]:
        raise ValueError("no such word")

    broken = world.way()
    broken.compose = breaks
    await world.later(100)
    await world.deliver(broken)
    assert await world.ledger("someone@example.com") == [(1, "unknown", "outcome_unknown")]
    world.email.answer = lambda _: Accepted("q", 250)
    await world.later(100)
    await world.deliver()
    assert [message.again for message in world.email.sent] == [False, True]


async def test_it_says_who_was_asked_and_since_when_that_may_have_been(world: World) -> None:
    await world.person("someone@example.com")
    world.email.answer = lambda _: Ambiguous("no answer")
    await world.tell("It is down.")
    world.email.answer = lambda _: Accepted("q", 250)
    await world.later(100)
    await world.deliver()
    [first, again] = world.email.sent
    assert first.earlier is None
    assert again.earlier is not None
    assert again.earlier.provider == "practice"
    assert 100 <= again.earlier.seconds < 130


async def test_what_was_in_doubt_is_still_so_where_an_operator_tries_it_again(world: World) -> None:
    await world.person("someone@example.com")
    answers = iter((Ambiguous("no answer"), GiveUp("no such room"), Accepted("q", 250)))
    world.email.answer = lambda _: next(answers)
    await world.tell("It is down.")
    await world.later(100)
    await world.deliver()
    assert await world.ledger("someone@example.com") == [(1, "failed", "refused")]
    async with begin(world.engine) as connection:
        [incident] = (await connection.execute(text("SELECT id FROM incident"))).scalars()
        assert (await retry_all(connection, incident, ["failed"])).n == 1
    await world.later(500)  # the pace that was spent
    await world.deliver()
    assert [message.again for message in world.email.sent] == [False, True, True]
    assert await world.ledger("someone@example.com") == [(1, "accepted", "outcome_unknown")]
