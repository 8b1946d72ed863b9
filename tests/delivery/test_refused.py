"""What the database refuses for good is refused at once, and keeps nobody else's row from being recorded."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from pathlib import Path

import asyncpg
import pytest
from structlog.testing import capture_logs

from delivery.provider import Provider
from delivery.test_slow import SILENT, Slow, finish
from delivery.world import World
from tocsin.domain.channel import Accepted, Answered, Limits, Message, Result
from tocsin.domain.errors import AddressDead, TryAgain
from tocsin.services import settle
from tocsin.services.deliver import deliver_batch
from tocsin.store.engine import may_pass

BAD = "crowd3@example.com"
STRANGE = "words that the database does not keep"


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trying for minutes would show as trying for ever."""
    monkeypatch.setattr(settle, "_LONGEST_SECONDS", float("inf"))


def but_for_one(bad: Result) -> Provider:
    return Provider(answer=lambda message: bad if message.address == BAD else Accepted("queued", 250))


async def say(world: World) -> None:
    await world.crowd(12)
    await world.say("It is down.", severity="sev1")
    await world.spread()


async def forbid(world: World, what: str) -> None:
    """Have the database refuse a move of the bad one's row, as its table of moves does."""
    [(endpoint,)] = await world.rows("SELECT id FROM endpoint WHERE address = :bad", bad=BAD)
    await world.run(
        "CREATE TRIGGER forbidden AFTER UPDATE ON delivery FOR EACH ROW"
        f" WHEN (NEW.endpoint_id = {endpoint} AND {what}) EXECUTE FUNCTION refuse_move()"
    )


@pytest.mark.parametrize(
    ("bad", "what", "row"),
    [
        (Accepted(STRANGE, 250), f"NEW.provider_id = '{STRANGE}'", (1, "accepted", None)),
        (Accepted("queued", 299), "NEW.code = 299", (1, "accepted", None)),
        (TryAgain(STRANGE), f"NEW.note = '{STRANGE}'", (1, "held", "retrying")),
        (TryAgain("later", code=299), "NEW.code = 299", (1, "held", "retrying")),
        (AddressDead(STRANGE), f"NEW.note = '{STRANGE}'", (1, "failed", "address_dead")),
    ],
)
async def test_what_a_provider_said_and_nobody_can_keep_costs_those_words_alone(
    world: World, bad: Result, what: str, row: tuple[int, str, str | None]
) -> None:
    await say(world)
    await forbid(world, what)
    with capture_logs() as logs:
        await asyncio.wait_for(world.deliver(world.way(provider=but_for_one(bad))), 60)
    assert await world.ledger(BAD) == [row]
    assert (await world.states())["accepted"] >= 11
    assert [one["log_level"] for one in logs if one["event"] == "row.written_without_words"] == ["error"]
    assert await world.rows("SELECT count(*) FROM attempt WHERE finished_at IS NULL") == [(0,)]


async def test_a_row_that_refuses_its_move_is_labelled_and_all_others_are_recorded(world: World) -> None:
    await say(world)
    await forbid(world, "NEW.state = 'accepted' AND OLD.unknowns = 0")
    with capture_logs() as logs:
        await asyncio.wait_for(world.deliver(), 60)
    assert await world.ledger(BAD) == [(1, "unknown", "outcome_unknown")]
    assert await world.states() == {"accepted": 11, "unknown": 1}
    [refused] = [one for one in logs if one["event"] == "row.refused"]
    assert (refused["log_level"], refused["channel"]) == ("critical", "email")
    assert "cannot be accepted after pending" in refused["error"]
    await world.later(40)
    await world.deliver()
    assert len([message for message in world.email.sent if message.address == BAD]) == 2
    assert world.email.most_to_one() == 2
    assert await world.states() == {"accepted": 12}


async def test_a_row_that_refuses_everything_keeps_nobody_elses_from_being_recorded(world: World) -> None:
    await say(world)
    await forbid(world, "true")
    with capture_logs() as logs:
        await asyncio.wait_for(world.deliver(), 60)
    assert await world.states() == {"accepted": 11, "pending": 1}
    assert [one["log_level"] for one in logs if one["event"] == "row.refused_altogether"] == ["critical"]


async def test_what_is_labelled_is_looked_for_once_reports_have_had_their_time(world: World) -> None:
    await say(world)
    await forbid(world, "NEW.state = 'accepted' AND OLD.unknowns = 0")
    reporting = Provider(limits=Limits(batch=500, in_flight=2, merges=True, reports_within=600))
    await asyncio.wait_for(world.deliver(world.way(provider=reporting)), 60)
    [(wait,)] = await world.rows("SELECT due_at - tocsin_epoch() FROM delivery WHERE state = 'unknown'")
    assert 500 < wait <= 600


async def test_an_attempts_record_goes_without_words_that_it_refuses(world: World) -> None:
    await say(world)
    await world.run(
        "CREATE TRIGGER forbidden AFTER UPDATE ON attempt FOR EACH ROW"
        f" WHEN ('{STRANGE}' = ANY (NEW.notes)) EXECUTE FUNCTION evidence_stays()"
    )
    await asyncio.wait_for(world.deliver(world.way(provider=but_for_one(TryAgain(STRANGE)))), 60)
    assert await world.states() == {"accepted": 11, "held": 1}
    assert await world.rows("SELECT notes FROM attempt WHERE finished_at IS NOT NULL") == [(None,)]


async def test_whoever_has_lost_its_lease_labels_nothing(world: World) -> None:
    await say(world)
    await forbid(world, "NEW.state = 'accepted'")
    world.email.answer = lambda _: TryAgain("busy")

    async def meanwhile() -> None:
        if not world.email.sent:
            await world.later(16)
            await world.deliver()

    await asyncio.wait_for(world.deliver(world.way(provider=Provider(before_answer=meanwhile))), 60)
    assert await world.ledger(BAD) == [(1, "held", "retrying")]
    assert await world.states() == {"accepted": 11, "held": 1}


async def test_what_is_waited_for_is_recorded_beside_a_row_that_is_refused(world: World) -> None:
    await say(world)
    await forbid(world, "NEW.state = 'accepted' AND OLD.unknowns = 0")
    slow = Slow(Accepted("late", 250))
    way = world.way(provider=slow)
    await asyncio.wait_for(world.deliver(way), 60)
    assert SILENT == BAD
    assert await world.states() == {"accepted": 11, "pending": 1}
    slow.heard.set()
    await asyncio.wait_for(finish(way), 60)
    assert await world.states() == {"accepted": 11, "unknown": 1}


class Killed(Provider):
    """Tells the journal what the provider answered, and is gone before anything is written down."""

    async def send(self, messages: Sequence[Message], answered: Answered) -> None:
        for at in range(len(messages)):
            answered(at, Accepted("queued", 250))
        raise asyncio.CancelledError


async def test_a_dead_workers_answers_are_recovered_beside_a_row_that_is_refused(world: World, tmp_path: Path) -> None:
    await world.keep_journal(tmp_path)
    await say(world)
    await forbid(world, "NEW.state = 'accepted' AND OLD.unknowns = 0")
    with contextlib.suppress(asyncio.CancelledError):
        await deliver_batch(world.way(provider=Killed(), lease_seconds=5))
    await world.later(6)
    await world.deliver()
    assert await world.states() == {"accepted": 11, "unknown": 1}
    assert world.email.sent == []


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (asyncpg.DeadlockDetectedError("x"), True),
        (asyncpg.SerializationError("x"), True),
        (asyncpg.TooManyConnectionsError("x"), True),
        (asyncpg.AdminShutdownError("x"), True),
        (asyncpg.CannotConnectNowError("x"), True),
        (asyncpg.DiskFullError("x"), True),
        (asyncpg.ReadOnlySQLTransactionError("x"), True),  # a standby that takes over
        (asyncpg.ConnectionDoesNotExistError("x"), True),
        (asyncpg.InterfaceError("connection is closed"), True),
        (asyncpg.InternalClientError("cannot switch to state 15; another operation (2) is in progress"), True),
        (ConnectionRefusedError(), True),
        (TimeoutError(), True),
        (asyncpg.CheckViolationError("x"), False),
        (asyncpg.ForeignKeyViolationError("x"), False),
        (asyncpg.UniqueViolationError("x"), False),
        (asyncpg.NumericValueOutOfRangeError("x"), False),
        (asyncpg.CharacterNotInRepertoireError("x"), False),
        (asyncpg.RaiseError("x"), False),
        (KeyError("x"), False),
    ],
)
def test_what_may_pass_is_told_from_what_never_will(error: BaseException, *, passes: bool) -> None:
    assert may_pass(error) is passes
