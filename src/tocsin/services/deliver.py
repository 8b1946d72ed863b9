"""Delivers what one channel's endpoints are owed: lease, put on record, send, write down what came of it.

No database connection is held while a provider thinks, and nothing is sent that is not on record first. Whatever stops
this (a crash, a lost lease, a database that restarts), the next worker finds the evidence and goes on from it.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import asyncpg
import structlog
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_exponential_jitter

from tocsin.domain.channel import Accepted, Result
from tocsin.domain.delivery import Reason
from tocsin.domain.errors import Ambiguous, DeliveryError, TryAgain
from tocsin.domain.plan import Plan, newer_version, plan
from tocsin.services.compose import thread_of
from tocsin.services.outcome import Doubtful, note_of, outcome_of, unheard_of
from tocsin.services.way import Way
from tocsin.store import claim, record, threads, versions
from tocsin.store.claim import Lease
from tocsin.store.engine import Connection
from tocsin.store.record import Heard, Unheard

log = structlog.get_logger()

DATABASE_TROUBLE = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)
_LONGEST_RECORD_SECONDS = 300.0


class Begun(NamedTuple):
    """An attempt that is on record and not yet sent."""

    token: int
    lease: Lease
    plan: Plan


async def deliver(way: Way) -> int:
    """Send everything that is due on one channel; return how many messages went out.

    A call while another one runs in this process makes that one look once more, and returns at once.
    """
    way.called_again = True
    if way.running:
        return 0
    way.idle.clear()
    sent = 0
    try:
        while way.called_again and not way.stopping:
            way.called_again = False
            rounds = (_rounds(way) for _ in range(way.channel.limits.in_flight))
            # All come to their end, also where one fails: a batch that is cancelled in flight would be unknown.
            for done in await asyncio.gather(*rounds, return_exceptions=True):
                if isinstance(done, BaseException):
                    raise done
                sent += done
    finally:
        way.idle.set()
    return sent


async def _rounds(way: Way) -> int:
    sent = 0
    while not way.stopping and (batch := await deliver_batch(way)) is not None:
        sent += batch
    return sent


async def deliver_batch(way: Way) -> int | None:
    """Deliver one batch; return its number of messages, or None where no bucket is due."""
    begun = await _begin(way)
    if begun is None:
        return None
    if not begun.plan.messages:
        return 0
    results = await _send(way, begun)
    await _record(way, begun, results)
    return len(results)


async def _begin(way: Way) -> Begun | None:
    async with way.pool.acquire() as connection, connection.transaction():
        lease = await claim.lease(connection, way.channel.name, min(way.batch, way.channel.limits.batch))
        if lease is None:
            return None
        if lease.labelled:
            log.warning("attempt.lost", channel=way.channel.name, rows=lease.labelled)
        planned = await _plan(way, connection, lease)
        await claim.write_changes(connection, planned.changes, lease.now)
        if not planned.messages:
            await claim.put_back(connection, lease, planned.waiting)
            return Begun(0, lease, planned)
        token = await claim.begin_attempt(
            connection, lease, planned, way.channel.name, way.channel.provider, way.worker, way.lease_seconds
        )
        return Begun(token, lease, planned)


async def _plan(way: Way, connection: Connection, lease: Lease) -> Plan:
    rows = await claim.unfinished(connection, lease)
    await way.versions.refresh(connection, lease.live, rows)
    by_id, by_incident = way.versions.by_id, way.versions.by_incident
    newer = {version.id for row in rows if (version := newer_version(row, by_id, by_incident)) is not None}
    fanned_out = await versions.fanned_out(connection, list(newer)) if newer else frozenset[int]()
    return plan(rows, by_id, by_incident, fanned_out, lease.now, way.rules)


async def _send(way: Way, begun: Begun) -> list[Result]:
    """Hand the batch over; what was never answered for is Ambiguous, or doubtful where the driver itself broke."""
    planned = begun.plan.messages
    try:
        messages = await way.compose(planned, way.versions.by_id)
    except Exception as error:  # broken words must not stop the channel: nothing has been sent, so all may go later
        log.exception("compose.failed", channel=way.channel.name)
        return [TryAgain(f"The message could not be written: {error}") for _ in planned]
    results: list[Result | None] = [None] * len(messages)

    def answered(index: int, result: Result) -> None:
        results[index] = result

    unanswered: DeliveryError = Ambiguous("The channel gave no answer")
    keeping = asyncio.create_task(_keep_lease(way, begun.token))
    try:
        await way.channel.send(messages, answered)
    except Exception as error:
        log.exception("send.failed", channel=way.channel.name)
        unanswered = Doubtful(f"The channel broke while sending: {type(error).__name__}: {error}")
    finally:
        keeping.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeping
    return [result if result is not None else unanswered for result in results]


async def _keep_lease(way: Way, token: int) -> None:
    while True:
        await asyncio.sleep(way.lease_seconds / 3)
        try:
            async with way.pool.acquire() as connection:
                if not await claim.renew(connection, token, way.lease_seconds):
                    log.warning("lease.lost", channel=way.channel.name, attempt=token)
                    return
        except DATABASE_TROUBLE as error:
            log.warning("lease.not_renewed", channel=way.channel.name, attempt=token, error=str(error))


async def _record(way: Way, begun: Begun, results: Sequence[Result]) -> None:
    """Write down what came of a batch, trying for minutes: what the provider took must not become unknown."""
    async for attempt in AsyncRetrying(
        retry=retry_if_exception_type(DATABASE_TROUBLE),
        wait=wait_exponential_jitter(multiplier=0.1, max=1),
        stop=stop_after_delay(_LONGEST_RECORD_SECONDS),
        reraise=True,
    ):
        with attempt:
            async with way.pool.acquire() as connection, connection.transaction():
                await _write_outcomes(way, connection, begun, results)
    counts = Counter(outcome_of(result) for result in results)
    log.info("batch.recorded", channel=way.channel.name, attempt=begun.token, **counts)


async def _write_outcomes(way: Way, connection: Connection, begun: Begun, results: Sequence[Result]) -> None:
    now: float = await connection.fetchval("SELECT tocsin_epoch()")
    heard: list[Heard] = []
    unheard: list[Unheard] = []
    for message, result in zip(begun.plan.messages, results, strict=True):
        if isinstance(result, Accepted):
            heard.append(Heard(message, result.provider_id, result.code, result.note, result.thread))
        else:
            unheard.append(unheard_of(message, result, now, way.patience, random.random()))  # noqa: S311 - jitter
    waiting = {bucket: dict(live) for bucket, live in begun.plan.waiting.items()}
    for item in unheard:
        if item.due_at is not None:
            for row in item.message.rows:
                live = waiting.setdefault(row.bucket_id, {})
                live[row.update_id] = min(item.due_at, live.get(row.update_id, item.due_at))
    ours = await record.release(connection, begun.lease, begun.token, waiting)
    provider = way.channel.provider
    await record.write_heard(connection, heard, provider, now)
    left = {thread_of(one.message, way.versions.by_id): one.thread for one in heard if one.thread}
    await threads.write(connection, left)
    still_ours = [item for item in unheard if item.message.rows[0].bucket_id in ours]
    await record.write_unheard(connection, still_ours, provider, now)
    told = [*(item.message for item in heard), *(item.message for item in unheard if item.told)]
    await record.write_pace(connection, [message for message in told if message.rows[0].bucket_id in ours])
    for reason, state in ((Reason.ADDRESS_DEAD, "quarantined"), (Reason.OPTED_OUT, "opted_out")):
        gone = [item for item in still_ours if item.reason is reason]
        await record.stop(connection, state, [g.message.rows[0].endpoint_id for g in gone], [g.note for g in gone])
    by_row = [
        (outcome_of(result), note_of(result))
        for message, result in zip(begun.plan.messages, results, strict=True)
        for _ in message.rows
    ]
    outcomes, notes = [outcome for outcome, _ in by_row], [note for _, note in by_row]
    await record.finish_attempt(connection, begun.token, outcomes, notes, now)
