"""What nobody knows the outcome of is labelled, resent at most once with the same id, and never after newer news."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence

import pytest

from delivery.provider import Provider
from delivery.world import World
from tocsin.domain.answers import begins_of
from tocsin.domain.channel import Accepted, Answered, Message, Result
from tocsin.domain.errors import Ambiguous, ProviderDown, TooFast, TryAgain
from tocsin.domain.provider import Share
from tocsin.services.deliver import deliver_batch
from tocsin.services.providers import Providers


async def test_an_unknown_outcome_is_resent_once_with_the_same_id_and_then_counts_as_accepted(world: World) -> None:
    await world.person("someone@example.com")
    world.email.answer = lambda _: Ambiguous("the connection was lost after the final dot")
    await world.tell("It is down.")
    assert await world.ledger("someone@example.com") == [(1, "unknown", "outcome_unknown")]
    await world.deliver()
    assert len(world.email.sent) == 1, "a late answer may still come"
    for _ in range(4):
        await world.later(40)
        await world.deliver()
    assert len(world.email.sent) == 2
    assert world.email.sent[0].id == world.email.sent[1].id
    assert await world.ledger("someone@example.com") == [(1, "accepted", "outcome_unknown")]


@pytest.mark.parametrize("refusal", [TryAgain("busy"), ProviderDown("no key"), TooFast("later")])
async def test_what_is_in_doubt_stays_so_when_sending_it_again_is_refused(world: World, refusal: TryAgain) -> None:
    await world.person("someone@example.com")
    answers: list[Result] = [Ambiguous("no answer"), refusal, Accepted()]
    world.email.answer = lambda _: answers.pop(0)
    await world.tell("It is down.")
    for _ in range(3):
        await world.later(400)
        await world.deliver()
    assert [message.again for message in world.email.sent] == [False, True, True]
    assert await world.ledger("someone@example.com") == [(1, "accepted", "outcome_unknown")]


async def test_what_a_driver_that_broke_may_have_sent_is_looked_for_before_it_goes_again(world: World) -> None:
    await world.person("someone@example.com")

    async def breaks() -> None:
        if len(world.email.sent) == 1:
            raise RuntimeError("a fault of ours")

    world.email.before_answer = breaks
    await world.tell("It is down.")
    await world.later(400)
    await world.deliver()
    assert [message.again for message in world.email.sent] == [False, True]


async def test_an_unknown_outcome_is_never_resent_after_a_newer_version(world: World) -> None:
    await world.person("someone@example.com")
    world.email.answer = lambda _: Ambiguous("no answer")
    opened = await world.tell("It is down.", severity="sev2")
    world.email.answer = lambda _: Accepted("q", 250)
    await world.tell("It is fixed.", about=opened, status="resolved")
    await world.later(100)
    await world.deliver()
    assert world.email.texts_to("someone@example.com") == [["It is down."], ["It is fixed."]]
    assert await world.ledger("someone@example.com") == [(1, "accepted", "outcome_unknown"), (2, "accepted", None)]


async def test_what_a_dead_worker_had_in_flight_is_labelled_and_resent_with_the_same_id(world: World) -> None:
    await world.crowd(30)
    await world.say("It is down.", severity="sev1")
    await world.spread()
    died = Provider(answer=lambda _: None)
    way = world.way(provider=died, lease_seconds=5)

    async def killed() -> None:
        if len(died.sent) == 10:
            raise asyncio.CancelledError  # the process is gone: nothing after this line happens

    died.before_answer = killed
    with contextlib.suppress(asyncio.CancelledError):
        await deliver_batch(way)
    await world.deliver()
    assert world.email.sent == []  # the lease is still held
    await world.later(6)
    await world.deliver()
    assert len(world.email.sent) == 30
    assert {message.id for message in died.sent} <= {message.id for message in world.email.sent}
    assert await world.rows(
        "SELECT state::text, reason, unknowns, count(*) FROM delivery WHERE unknowns > 0 GROUP BY 1, 2, 3"
    ) == [("accepted", "outcome_unknown", 1, 30)]
    assert await world.rows("SELECT lost, count(*) FROM attempt GROUP BY 1 ORDER BY 1") == [(False, 1), (True, 1)]


async def test_who_may_have_heard_it_from_a_dead_worker_is_told_the_end(world: World) -> None:
    await world.person("someone@example.com")
    opened = await world.say("It is down.", severity="sev2")
    await world.spread()
    died = Provider()

    async def killed() -> None:
        raise asyncio.CancelledError

    died.before_answer = killed
    with contextlib.suppress(asyncio.CancelledError):
        await deliver_batch(world.way(provider=died, lease_seconds=5))
    await world.say("It is fixed.", about=opened, status="resolved")
    await world.spread()
    await world.later(6)
    await world.deliver()
    assert world.email.texts_to("someone@example.com") == [["It is fixed."]]


async def test_a_late_accepted_from_a_worker_that_lost_its_lease_still_counts_and_a_late_retry_does_not(
    world: World,
) -> None:
    await world.person("first@example.com")
    await world.person("second@example.com")
    await world.say("It is down.", severity="sev1")
    await world.spread()

    def answer(message: Message) -> Result:
        return Accepted("late", 250) if message.address == "first@example.com" else TryAgain("451 later")

    slow = Provider(answer=answer)

    async def frozen() -> None:
        slow.before_answer = None
        await world.later(100)  # the lease runs out while this worker still lives
        other = Provider(answer=lambda _: Ambiguous("no answer"))
        await world.deliver(world.way(provider=other))

    slow.before_answer = frozen
    await world.deliver(world.way(provider=slow))
    assert await world.ledger("first@example.com") == [(1, "accepted", "outcome_unknown")]
    assert await world.ledger("second@example.com") == [(1, "unknown", "outcome_unknown")]
    assert await world.rows("SELECT attempt_id, lease_until FROM bucket WHERE channel = 'email'") == [(None, 0.0)]


class Frozen(Provider):
    """Stands still after the third message for longer than its lease, with everything in this process."""

    async def send(self, messages: Sequence[Message], answered: Answered) -> None:
        begins = begins_of(answered)
        for index, message in enumerate(messages):
            begins([index])
            self.sent.append(message)
            answered(index, Accepted("q", 250))
            if index == 2:
                time.sleep(0.3)  # noqa: ASYNC251 - nothing renews the lease meanwhile


async def test_a_worker_that_stood_still_past_its_lease_sends_nothing_more(world: World) -> None:
    await world.crowd(6)
    await world.say("It is down.", severity="sev1")
    await world.spread()
    frozen = Frozen()
    way = world.way(provider=frozen, lease_seconds=0.2)
    way.providers = Providers(frozen, [Share(frozen.provider, 100)], world.pool)
    await deliver_batch(way)
    assert len(frozen.sent) == 3
    await way.providers.refresh(0)
    assert await world.rows("SELECT sum(errors) FROM provider_tally") in ([(0,)], [(None,)]), "no provider is to blame"
    held = await world.rows("SELECT reason, count(*) FROM delivery WHERE state = 'held' GROUP BY 1")
    assert held == [("retrying", 3)]
    await world.later(100)
    await world.deliver()
    assert len({message.address for message in frozen.sent + world.email.sent}) == 6
    assert len(world.email.sent) == 3
    assert await world.rows("SELECT count(*) FROM delivery WHERE unknowns > 0") == [(0,)]


async def test_a_driver_that_breaks_while_sending_hides_nothing_and_loses_nothing(world: World) -> None:
    async def breaks() -> None:
        raise AssertionError("not a letter")

    await world.person("someone@example.com")
    broken = Provider()
    broken.before_answer = breaks
    for _ in range(3):
        await world.say("It is down.")
        await world.spread()
        await world.deliver(world.way(provider=broken))
        await world.later(100)
    [(state, note, doubts)] = await world.rows(
        "SELECT d.state::text, note, unknowns FROM delivery d WHERE update_id = 1 AND note IS NOT NULL"
    )
    assert (state, "not a letter" in str(note), doubts) == ("held", True, 3)
    await world.later(1000)
    await world.deliver()
    assert await world.rows("SELECT DISTINCT d.state::text, d.reason FROM delivery d WHERE unknowns > 0") == [
        ("accepted", "outcome_unknown")
    ]


async def test_what_is_due_first_is_looked_at_first_whatever_else_its_bucket_waits_for(world: World) -> None:
    def answer(message: Message) -> Result:
        if message.address == "busy@example.com":
            return TryAgain("451 later", retry_after=5)
        return Ambiguous("no answer")

    for name in ("busy", "doubtful"):
        await world.person(f"{name}@example.com")
    world.email.answer = answer
    await world.tell("It is down.")
    await world.later(12)
    await world.deliver()
    assert [message.address for message in world.email.sent].count("busy@example.com") == 2
    assert [message.address for message in world.email.sent].count("doubtful@example.com") == 1
