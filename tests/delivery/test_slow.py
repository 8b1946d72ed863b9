"""A mailbox that does not answer holds up nobody else, and is itself neither lost nor told twice."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from delivery.provider import Provider
from delivery.world import World
from tocsin.domain.channel import Accepted, Answered, Message, Result
from tocsin.domain.errors import AddressDead, Ambiguous, TryAgain
from tocsin.services import compose
from tocsin.services.way import Way
from tocsin.store import claim
from tocsin.store.claim import Lease, Leased
from tocsin.store.split import split

SILENT = "crowd3@example.com"
pytestmark = pytest.mark.usefixtures("impatient")


class Slow(Provider):
    """Answers for everyone at once but for one, for whom it waits until `heard` is set."""

    def __init__(self, last: Result) -> None:
        super().__init__()
        self.last = last
        self.heard = asyncio.Event()

    async def send(self, messages: Sequence[Message], answered: Answered) -> None:
        silent = [at for at, message in enumerate(messages) if message.address == SILENT]
        for at, message in enumerate(messages):
            self.sent.append(message)
            if at not in silent:
                answered(at, Accepted("queued", 250))
        if silent:
            await self.heard.wait()
            answered(silent[0], self.last)


async def finish(way: Way) -> None:
    await asyncio.gather(*way.tails)


@pytest.mark.parametrize(
    ("last", "row"),
    [
        (Accepted("late", 250), (1, "accepted", None)),
        (TryAgain("451 later"), (1, "held", "retrying")),
        (Ambiguous("no answer"), (1, "unknown", "outcome_unknown")),
        (AddressDead("550 5.1.1"), (1, "failed", "address_dead")),
    ],
)
async def test_the_others_are_recorded_while_one_is_waited_for(
    world: World, last: Result, row: tuple[int, str, str | None]
) -> None:
    await world.crowd(12)
    slow = Slow(last)
    way = world.way(provider=slow)
    opened = await world.say("It is down.", severity="sev1")
    await world.spread()
    await world.deliver(way)
    assert await world.states() == {"accepted": 11, "pending": 1}
    await world.say("It is fixed.", about=opened, status="resolved")
    await world.spread()
    await world.deliver(world.way())  # another worker tells the others the end, and leaves the silent one alone
    told = {message.address for message in world.email.sent}
    assert len(told) == 11
    assert SILENT not in told
    slow.heard.set()
    await finish(way)
    first = (await world.ledger(SILENT))[0]
    assert first == row if isinstance(last, Accepted) else first == (1, "superseded", "newer_version")
    await world.deliver()
    assert world.email.texts_to(SILENT) == ([["It is fixed."]] if isinstance(last, Accepted | Ambiguous) else [])
    assert await world.rows("SELECT count(*) FROM attempt WHERE finished_at IS NULL") == [(0,)]


async def test_a_worker_that_dies_while_it_waits_leaves_only_the_silent_one_unknown(world: World) -> None:
    await world.crowd(12)
    way = world.way(provider=Slow(Accepted()), lease_seconds=5)
    await world.say("It is down.", severity="sev1")
    await world.spread()
    await world.deliver(way)
    for task in way.tails:
        task.cancel()
    await asyncio.gather(*way.tails, return_exceptions=True)
    await world.later(6)
    await world.deliver()
    assert [message.address for message in world.email.sent] == [SILENT]
    assert await world.ledger(SILENT) == [(1, "accepted", "outcome_unknown")]
    assert await world.rows("SELECT count(*) FROM delivery WHERE unknowns > 0") == [(1,)]


async def test_a_lease_is_renewed_in_the_moment_in_which_the_slow_ones_are_moved(world: World) -> None:
    await world.crowd(12)
    slow = Slow(Accepted("late", 250))
    way = world.way(provider=slow)
    await world.say("It is down.", severity="sev1")
    await world.spread()
    await world.deliver(way)
    [(token, old)] = await world.rows("SELECT attempt_id, id FROM bucket WHERE attempt_id IS NOT NULL")
    [(silent,)] = await world.rows("SELECT id FROM endpoint WHERE address = :silent", silent=SILENT)
    async with world.pool.acquire() as moving, world.pool.acquire() as renewing:
        async with moving.transaction():
            assert await split(moving, Lease(0, [Leased(old, 0, [])], []), token, [silent])
            await moving.execute("UPDATE bucket SET attempt_id = NULL, lease_until = 0 WHERE id = $1", old)
            renewal = asyncio.create_task(claim.renew(renewing, token, 15))
            await world.someone_waits()
        assert await renewal
    slow.heard.set()
    await finish(way)


async def test_a_fan_out_finds_who_was_moved_while_it_ran_and_repeats_nothing(world: World) -> None:
    await world.crowd(12)
    slow = Slow(Accepted("late", 250))
    way = world.way(provider=slow)
    published = await world.say("It is down.", severity="sev1")
    await world.spread()
    await world.deliver(way)
    await world.run(
        "UPDATE outbox SET done_at = NULL, due_at = tocsin_epoch() WHERE update_id ="
        " (SELECT id FROM incident_update WHERE public_id = :id)",
        id=published.update_id,
    )
    await world.spread()
    slow.heard.set()
    await finish(way)
    await world.deliver()
    assert world.email.sent == []
    assert await world.states() == {"accepted": 12}


async def test_what_is_known_of_updates_is_not_forgotten_while_somebody_is_waited_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compose, "_MOST_VERSIONS", 0)
    await world.crowd(12)
    slow = Slow(Accepted("late", 250))
    way = world.way(provider=slow)
    await world.say("It is down.", severity="sev1")
    await world.spread()
    await world.deliver(way)
    known = way.versions
    await world.say("Something else is down.", severity="sev1")
    await world.spread()
    await world.later(10)
    await world.deliver(way)
    assert way.versions is known
    slow.heard.set()
    await finish(way)
    assert (1, "accepted", None) in await world.ledger(SILENT)
    await world.deliver(way)
    assert way.versions is not known
