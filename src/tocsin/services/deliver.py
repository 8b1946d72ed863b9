"""Delivers what one channel's endpoints are owed: lease, put on record, send, write down what came of it.

No database connection is held while a provider thinks, and nothing is sent that is not on record first. Whatever stops
this (a crash, a lost lease, a database that restarts), the next worker finds the evidence and goes on from it.
"""

from __future__ import annotations

import asyncio

import structlog

from tocsin.domain.delivery import Reason
from tocsin.domain.outline import Plan
from tocsin.domain.plan import newer_version, plan
from tocsin.services.attempt import Begun, attempt
from tocsin.services.way import Way
from tocsin.store import claim, fallbacks, mutes, versions
from tocsin.store.claim import Lease
from tocsin.store.engine import Connection

log = structlog.get_logger()


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
    await attempt(way, begun)
    return len(begun.plan.messages)


async def _begin(way: Way) -> Begun | None:
    async with way.pool.acquire() as connection, connection.transaction():
        lease = await claim.lease(connection, way.channel.name, min(way.batch, way.channel.limits.batch))
        if lease is None:
            return None
        if lease.labelled:
            log.warning("attempt.lost", channel=way.channel.name, rows=lease.labelled)
        planned = await _plan(way, connection, lease)
        await claim.write_changes(connection, planned.changes, lease.now)
        gone = [change.row for change in planned.changes if change.reason is Reason.QUARANTINED]
        await fallbacks.owe(connection, gone)
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
    readers = {(row.update_id, row.audiences): row for row in rows}.values()
    newer = {version.id for row in readers if (version := newer_version(row, by_id, by_incident)) is not None}
    fanned_out = await versions.fanned_out(connection, list(newer)) if newer else frozenset[int]()
    muted = frozenset[int]()
    if lease.muted:
        muted = await mutes.muted_updates(connection, lease.live, way.channel.name)
    return plan(rows, by_id, by_incident, fanned_out, lease.now, way.rules, muted)
