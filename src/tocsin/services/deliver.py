"""Delivers what one channel's endpoints are owed: lease, put on record, send, write down what came of it.

No database connection is held while a provider thinks, and nothing is sent that is not on record first. Whatever stops
this (a crash, a lost lease, a database that restarts), the next worker finds the evidence and goes on from it.
"""

from __future__ import annotations

import asyncio
import time

import structlog

from tocsin.domain.channel import way_by
from tocsin.domain.delivery import Reason
from tocsin.domain.judge import TRIAL_LOOK_SECONDS, TRIAL_MESSAGES
from tocsin.domain.outline import Plan
from tocsin.domain.plan import newer_version, plan
from tocsin.domain.put_off import but_for, put_off
from tocsin.journal.writer import Part
from tocsin.services.attempt import attempt
from tocsin.services.begun import Begun
from tocsin.services.compose import Versions
from tocsin.services.keep_journal import tidy
from tocsin.services.pacing import full, keep_to_pace
from tocsin.services.providers import Turn
from tocsin.services.recover import recover
from tocsin.services.report_unlisted import report_apart
from tocsin.services.way import Way
from tocsin.store import claim, fallbacks, mutes, versions
from tocsin.store.claim import Lease
from tocsin.store.engine import DATABASE_TROUBLE, Connection
from tocsin.store.unlisted import Strange

log = structlog.get_logger()

# Where little passes at a time, some of it is let come together: a batch costs more than a message.
_TOGETHER_SECONDS = 0.25
_TOGETHER_UNITS = 8
_SOONEST_SECONDS = 0.05


async def deliver(way: Way) -> int:
    """Send everything that is due on one channel; return how many messages went out.

    A call while another one runs in this process makes that one look once more, with as many rounds as may be in
    flight, and returns at once.
    """
    way.called.set()
    if way.running:
        return 0
    way.idle.clear()
    if way.versions.are_many and not way.tails:
        way.versions = Versions()
    try:
        return await _all_rounds(way)
    finally:
        way.idle.set()
        _wake_in_time(way)


async def _all_rounds(way: Way) -> int:
    """Keep rounds going for as long as there is work, or a call says that there may be."""
    rounds: set[asyncio.Task[int]] = set()
    ended: list[asyncio.Task[int]] = []
    broken = False
    try:
        while True:
            called = way.called.is_set()
            way.called.clear()
            while called and not (way.stopping or broken) and len(rounds) < way.channel.limits.in_flight:
                rounds.add(asyncio.create_task(_rounds(way)))
            if not rounds:
                break
            done = await _first_of(rounds, way.called)
            rounds -= done
            ended += done
            broken = broken or any(task.exception() for task in done)
    except asyncio.CancelledError:
        for task in rounds:
            task.cancel()
        await asyncio.gather(*rounds, return_exceptions=True)
        raise
    # All came to their end, also where one failed: a batch that is cancelled in flight would be unknown.
    return sum([task.result() for task in ended])


async def _first_of(rounds: set[asyncio.Task[int]], called: asyncio.Event) -> set[asyncio.Task[int]]:
    """Return the rounds that are over as soon as one is, or none as soon as there may be work for more."""
    calling = asyncio.create_task(called.wait())
    await asyncio.wait([*rounds, calling], return_when=asyncio.FIRST_COMPLETED)
    calling.cancel()
    return {task for task in rounds if task.done()}


def _wake_in_time(way: Way) -> None:
    """See to it that what the pace put off goes out at its moment, and not at the sweeper's next look."""
    put_off, way.put_off = way.put_off, None
    if way.pacer is None or put_off is None or way.stopping:
        return
    if way.alarm is not None:
        way.alarm.cancel()
    wait = max(_SOONEST_SECONDS, put_off, min(_TOGETHER_SECONDS, way.pacer.opens_in(_TOGETHER_UNITS)))
    way.alarm = asyncio.get_running_loop().call_later(wait, _wake, way)


def _wake(way: Way) -> None:
    task = asyncio.create_task(_deliver_again(way))
    way.woken.add(task)
    task.add_done_callback(way.woken.discard)


async def _deliver_again(way: Way) -> None:
    try:
        await deliver(way)
    except DATABASE_TROUBLE as error:
        log.warning("deliver.database_trouble", channel=way.channel.name, error=str(error))


async def _rounds(way: Way) -> int:
    sent = 0
    while not way.stopping and (batch := await deliver_batch(way)) is not None:
        sent += batch
    return sent


async def deliver_batch(way: Way) -> int | None:
    """Deliver one batch; return its number of messages, or None where no bucket is due."""
    if way.pacer is not None and (wait := await way.pacer.look()) > 0:  # asked while no database connection is held
        way.note_put_off([wait])
        return None
    begun = await begin(way)
    way.claims += 1
    if begun is None:
        return None
    if not begun.plan.messages:
        return 0
    way.sending += 1
    try:
        await attempt(way, begun)
    finally:
        way.sending -= 1
    return len(begun.plan.messages)


async def begin(way: Way) -> Begun | None:
    """Lease due buckets and put on record who is told what; None where nothing is due."""
    if way.providers is not None:
        await way.providers.refresh()
    part = None if way.journal is None else way.journal.part()
    begun: Begun | None = None
    strange: list[list[Strange]] = []
    try:
        async with way.pool.acquire() as connection, connection.transaction():
            asked_at = time.monotonic()
            batch = min(way.batch, way.channel.limits.batch)
            lease = await claim.lease(connection, way.channel.name, batch, way.only_gate)
            if lease is None:
                return None
            if lease.silent:
                strange = await recover(way, connection, lease)
            begun = (await _put_on_record(way, connection, lease, part))._replace(asked_at=asked_at)
    finally:
        if part is not None and (begun is None or begun.part is None):
            part.is_over()
    for codes in strange:
        await report_apart(way.pool, way.channel.name, codes)
    if lease.silent and way.journal is not None:
        await tidy(way.journal, way.pool)
    return begun


async def _put_on_record(way: Way, connection: Connection, lease: Lease, part: Part | None) -> Begun:
    planned = await _plan(way, connection, lease)
    turn = await _turn(way, connection, lease, planned)
    await claim.write_changes(connection, planned.changes, lease.now)
    gone = [change.row for change in planned.changes if change.reason is Reason.QUARANTINED]
    await fallbacks.owe(connection, gone)
    if not planned.messages or turn.provider is None:
        await claim.put_back(connection, lease, planned.waiting)
        return Begun(0, lease, planned, turn)
    worker = way.worker if part is None else f"{way.worker}:{part.name}"
    token = await claim.begin_attempt(
        connection, lease, planned, way.channel.name, turn.provider, worker, way.lease_seconds
    )
    return Begun(token, lease, planned, turn, part)


async def _turn(way: Way, connection: Connection, lease: Lease, planned: Plan) -> Turn:
    """Say who carries a plan's messages; where nobody may, or not all of them now, the others are put off."""
    turn = Turn(way.channel.provider)
    if planned.messages and way.providers is not None:
        turn = await way.providers.whose_turn(
            connection, lease.ids[0], lease.now, full(way.channel, way.pacer, lease.closed)
        )
        if turn.provider is None:
            put_off(planned, [turn.until] * len(planned.messages), Reason.PROVIDER_DOWN)
        elif turn.is_trial:
            goes_on = way.providers.may_go_on_without(turn.provider)
            wait, reason = (0.0, None) if goes_on else (TRIAL_LOOK_SECONDS, Reason.PROVIDER_DOWN)
            put_off(planned, but_for(planned.messages, TRIAL_MESSAGES, lease.now + wait), reason)
    if planned.messages and (way.pacer is not None or lease.closed):
        keep_to_pace(way, way_by(way.channel, turn.provider or ""), planned, lease)
    return turn


async def _plan(way: Way, connection: Connection, lease: Lease) -> Plan:
    rows = await claim.unfinished(connection, lease)
    await way.versions.refresh(connection, lease.live, rows)
    by_id, by_incident = way.versions.by_id, way.versions.by_incident
    readers = {(row.update_id, row.audiences): row for row in rows}.values()
    newer = {version.id for row in readers if (version := newer_version(row, by_id, by_incident)) is not None}
    fanned_out = await versions.fanned_out(connection, list(newer)) if newer else frozenset[int]()
    muted = frozenset[int]()
    if lease.muted:
        muted = await mutes.muted_updates(connection, lease.live, way.channel.name)
    return plan(rows, by_id, by_incident, fanned_out, lease.now, way.rules, muted)
