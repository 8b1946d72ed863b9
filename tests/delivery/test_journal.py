"""What a killed worker was answered is recorded by whoever comes next, and what it never began is only due."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence
from pathlib import Path

from delivery.provider import Provider
from delivery.world import World
from tocsin.domain.answers import begins_of
from tocsin.domain.channel import Accepted, Answered, Message, Result
from tocsin.domain.errors import AddressDead, TryAgain
from tocsin.journal.writer import Journal
from tocsin.services.deliver import deliver_batch
from tocsin.services.listen import LeaseRanOut

CROWD = 20
TOOK, BEGAN = 8, 11


class Telling(Provider):
    """A provider that says what begins, as the drivers do, and whose process dies in the middle."""

    def __init__(self, taken: int = TOOK, begun: int = BEGAN) -> None:
        super().__init__()
        self.taken = taken
        self.begun = begun
        self.dies = False

    async def send(self, messages: Sequence[Message], answered: Answered) -> None:
        begins = begins_of(answered)
        for index, message in enumerate(messages):
            if index == self.begun:
                break
            begins([index])
            self.sent.append(message)
            result = self.answer(message)
            if index < self.taken and result is not None:
                answered(index, result)
        await asyncio.sleep(0)  # the turn of the loop ends
        if self.dies or self.begun < len(messages):
            raise asyncio.CancelledError  # the process is gone: nothing after this line happens


async def owed_to_a_crowd(world: World) -> None:
    await world.crowd(CROWD)
    await world.say("It is down.", severity="sev1")
    await world.spread()


async def killed_worker(world: World, directory: Path, provider: Provider, database: str = "") -> Journal:
    """Let a worker begin a batch and die in it; return its journal, which the lock has not gone from yet."""
    journal = await world.keep_journal(directory)
    journal.database = database or journal.database
    with contextlib.suppress(asyncio.CancelledError):
        await deliver_batch(world.way(provider=provider))
    await world.later(16)
    await world.keep_journal(directory)  # the next worker's
    return journal


async def counts(world: World) -> dict[tuple[str, str | None, int], int]:
    found = await world.rows(
        """SELECT d.state::text, d.reason, unknowns, count(*) FROM delivery d JOIN endpoint e ON e.id = d.endpoint_id
        WHERE e.channel = 'email' GROUP BY 1, 2, 3"""
    )
    return {(state, reason, unknowns): n for state, reason, unknowns, n in found}


async def test_only_what_had_begun_and_was_not_answered_is_unknown(world: World, tmp_path: Path) -> None:
    await owed_to_a_crowd(world)
    died = Telling()
    (await killed_worker(world, tmp_path, died)).close()
    await world.deliver()
    assert await counts(world) == {
        ("accepted", None, 0): CROWD - (BEGAN - TOOK),
        ("accepted", "outcome_unknown", 1): BEGAN - TOOK,
    }
    again = {message.address for message in world.email.sent}
    assert {message.address for message in died.sent} & again == {message.address for message in died.sent[TOOK:]}
    assert len(world.email.sent) == CROWD - TOOK
    assert {message.again for message in world.email.sent} == {True, False}
    assert await world.rows(
        """SELECT lost, x.outcome, count(*) FROM attempt a, unnest(a.outcomes) AS x (outcome)
        GROUP BY 1, 2 ORDER BY 1, 2 NULLS LAST"""
    ) == [
        (False, "accepted", CROWD - TOOK),
        (True, "accepted", TOOK),
        (True, "not_sent", CROWD - BEGAN),
        (True, None, BEGAN - TOOK),
    ]


async def test_whose_answer_was_recorded_late_is_paced_and_told_like_the_others(world: World, tmp_path: Path) -> None:
    await world.crowd(2)
    opened = await world.say("It is down.", severity="sev1")
    await world.spread()
    (await killed_worker(world, tmp_path, Telling(taken=1, begun=1))).close()
    await world.deliver()
    steps = await world.rows(
        """SELECT p.n1 - a.started_at, p.told FROM pace p JOIN attempt a ON true CROSS JOIN LATERAL
           unnest(a.endpoints, a.outcomes) AS x (e, o) WHERE x.e = p.endpoint_id AND x.o = 'accepted' ORDER BY a.id"""
    )
    assert len(steps) == 2
    assert abs(steps[0][0] - steps[1][0]) < 1e-3
    assert steps[0][0] > 0
    assert steps[0][1] == steps[1][1]
    await world.say("It is fixed.", about=opened, status="resolved")
    await world.spread()
    await world.later(600)
    await world.deliver()
    assert (await world.states()) == {"accepted": 4}


async def test_other_answers_count_too_while_nobody_else_holds_the_bucket(world: World, tmp_path: Path) -> None:
    for name in ("busy", "gone", "well"):
        await world.person(f"{name}@example.com")
    await world.say("It is down.", severity="sev1")
    await world.spread()
    died = Telling(taken=2, begun=2)
    died.answer = _as_named
    (await killed_worker(world, tmp_path, died)).close()
    await world.deliver()
    assert await world.ledger("busy@example.com") == [(1, "held", "retrying")]
    assert await world.ledger("gone@example.com") == [(1, "failed", "address_dead")]
    assert await world.ledger("well@example.com") == [(1, "accepted", None)]
    assert await world.rows("SELECT state::text FROM endpoint WHERE address = 'gone@example.com'") == [("quarantined",)]
    assert await world.rows("SELECT sum(unknowns)::int FROM delivery") == [(0,)]


async def test_of_a_bucket_that_was_given_back_only_accepted_counts(world: World, tmp_path: Path) -> None:
    for name, audience in (("busy", "customers"), ("taken", "staff"), ("gone", "support")):
        await world.person(f"{name}@example.com", (audience,))
    await world.say("It is down.", severity="sev1", audiences=["support", "staff", "customers"])
    await world.spread()
    died = Telling(taken=3, begun=3)
    died.answer = _as_named
    died.dies = True
    (await killed_worker(world, tmp_path, died)).close()
    await world.run(
        """UPDATE bucket b SET attempt_id = NULL, lease_until = 0, due_at = due_at + 1000 FROM endpoint e
        WHERE e.bucket_id = b.id AND e.address <> 'gone@example.com' AND b.attempt_id IS NOT NULL"""
    )
    await world.deliver()
    assert await world.ledger("taken@example.com") == [(1, "accepted", None)]
    assert await world.ledger("busy@example.com") == [(1, "pending", None)]
    assert await world.ledger("gone@example.com") == [(1, "failed", "address_dead")]


async def test_a_worker_that_only_fell_silent_may_still_send_the_rest_so_all_of_it_is_labelled(
    world: World, tmp_path: Path
) -> None:
    await owed_to_a_crowd(world)
    journal = await killed_worker(world, tmp_path, Telling())
    await world.deliver()
    journal.close()
    assert await counts(world) == {
        ("accepted", None, 0): TOOK,
        ("accepted", "outcome_unknown", 1): CROWD - TOOK,
    }
    assert len(world.email.sent) == CROWD - TOOK


class Late(Provider):
    """Stands still after some messages for longer than its lease; `meanwhile` is what others do before it is back."""

    async def send(self, messages: Sequence[Message], answered: Answered) -> None:
        begins = begins_of(answered)
        for index, message in enumerate(messages):
            if index == BEGAN:
                time.sleep(0.3)  # noqa: ASYNC251 - nothing renews the lease meanwhile
            try:
                begins([index])
            except LeaseRanOut:
                assert self.before_answer is not None
                await self.before_answer()
                raise
            self.sent.append(message)
            if index < TOOK:
                answered(index, Accepted("q", 250))
                await asyncio.sleep(0)


async def test_a_worker_whose_lease_ran_out_says_so_and_only_what_it_had_begun_is_unknown(
    world: World, tmp_path: Path
) -> None:
    await owed_to_a_crowd(world)
    late = Late()

    async def meanwhile() -> None:
        await world.later(16)
        await world.deliver()

    late.before_answer = meanwhile
    await world.keep_journal(tmp_path)
    await deliver_batch(world.way(provider=late, lease_seconds=0.2))
    assert await counts(world) == {
        ("accepted", None, 0): CROWD - (BEGAN - TOOK),
        ("accepted", "outcome_unknown", 1): BEGAN - TOOK,
    }
    assert len(late.sent) == BEGAN
    assert len(world.email.sent) == CROWD - TOOK


async def test_the_journal_of_another_database_is_not_believed(world: World, tmp_path: Path) -> None:
    await owed_to_a_crowd(world)
    (await killed_worker(world, tmp_path, Telling(), database="elsewhere/5")).close()
    await world.deliver()
    assert await counts(world) == {("accepted", "outcome_unknown", 1): CROWD}
    assert len(world.email.sent) == CROWD


async def test_a_file_goes_once_nothing_in_it_is_needed(world: World, tmp_path: Path) -> None:
    await owed_to_a_crowd(world)
    (await killed_worker(world, tmp_path, Telling())).close()
    [left] = _in(tmp_path)
    await world.deliver()
    [living] = _in(tmp_path)
    assert living != left
    assert world.journal is not None
    world.journal.close()
    assert _in(tmp_path) == []


def _in(directory: Path) -> list[Path]:
    return list(directory.iterdir())


def _as_named(message: Message) -> Result:
    if message.address == "busy@example.com":
        return TryAgain("451 later", retry_after=60)
    if message.address == "gone@example.com":
        return AddressDead("550 nobody", code=550)
    return Accepted("q", 250)
