"""Closes attempts whose worker fell silent: answers are recorded, and only what may have gone out is unknown.

Both come from the worker's journal, where this process can read it. Where it cannot, all of the attempt is unknown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from tocsin.domain.channel import Result, carries_all, providers_of, way_by
from tocsin.domain.outline import Planned
from tocsin.domain.rows import Row
from tocsin.domain.tell import told_at
from tocsin.journal.reader import NOTHING_KNOWN, Found, recall
from tocsin.services.listen import seal_of
from tocsin.services.outcome import note_of, outcome_of
from tocsin.services.report_unlisted import strange_answers
from tocsin.services.way import Way
from tocsin.services.write_down import came_of
from tocsin.services.write_piecemeal import write_piecemeal
from tocsin.store import journals, record, silence
from tocsin.store.claim import Lease
from tocsin.store.engine import Connection
from tocsin.store.silence import Silent
from tocsin.store.unlisted import Strange

log = structlog.get_logger()

NOT_SENT = "not_sent"


async def recover(way: Way, connection: Connection, lease: Lease) -> list[list[Strange]]:
    """See to what silent workers left in the buckets of a lease, in the lease's own transaction.

    Return the codes that no table has among the answers to each attempt, which are reported once that is committed.
    """
    recovered = 0
    strange: list[list[Strange]] = []
    for silent in await silence.close(connection, lease.silent, lease.now):
        found = await _recall(way, silent)
        by_message = _messages_of(silent)
        answered = {at: rows for at, rows in enumerate(by_message) if at in found.answers}
        doubtful = [
            at for at in range(len(by_message)) if at not in answered and (found.begun is None or at in found.begun)
        ]
        if answered:
            codes = await _write_answers(way, connection, silent, answered, found, lease.now)
            if found.is_final:  # who may live after all reports their own
                strange.append(codes)
            recovered += len(answered)
        sent = [silent.sent(place) for at in doubtful for place in by_message[at]]
        due_at = lease.now + way.channel.limits.reports_within
        labelled = await silence.label_unknown(connection, sent, carries_all(way.channel, silent.provider), due_at)
        if found.is_final:  # evidence is written once: who may live after all writes their own
            await _write_outcomes(connection, silent, by_message, frozenset(doubtful), found, lease.now)
        log.warning(
            "attempt.lost",
            channel=way.channel.name,
            attempt=silent.token,
            rows=labelled,
            answered=len(answered),
            not_begun=len(by_message) - len(answered) - len(doubtful),
        )
    await journals.count(connection, way.channel.name, recovered)
    return strange


async def _recall(way: Way, silent: Silent) -> Found:
    if way.journal is None:
        return NOTHING_KNOWN
    name = silent.worker.rpartition(":")[2]
    seal = seal_of(silent.started_at, silent.endpoints, silent.updates, silent.messages)
    return await asyncio.to_thread(recall, way.journal.directory, name, way.journal.database, silent.token, seal)


def _messages_of(silent: Silent) -> list[list[int]]:
    """Return the places of each message's rows: they stand together, and one endpoint gets no message twice."""
    found: list[list[int]] = []
    before: tuple[int, int] | None = None
    for at, message in enumerate(zip(silent.endpoints, silent.messages, strict=True)):
        if message != before:
            found.append([])
        found[-1].append(at)
        before = message
    return found


async def _write_answers(
    way: Way, connection: Connection, silent: Silent, answered: dict[int, list[int]], found: Found, now: float
) -> list[Strange]:
    """Record answers as their worker would have, who may live after all and still add its own; return strange codes."""
    wanted = [place for places in answered.values() for place in places]
    rows = {(row.update_id, row.endpoint_id): row for row in await silence.rows_of(connection, silent, wanted)}
    await way.versions.refresh(connection, [], list(rows.values()))
    planned: list[Planned] = []
    results: list[Result] = []
    for at, places in answered.items():
        named = [(silent.updates[place], silent.endpoints[place]) for place in places]
        there: list[Row] = [rows[name] for name in named if name in rows]
        if there:
            planned.append(told_at(there, silent.messages[places[0]], silent.started_at, way.versions.by_id, way.rules))
            results.append(found.answers[at])
    held = await silence.still_held(connection, silent)
    by = way_by(way.channel, silent.provider) if silent.provider in providers_of(way.channel) else way.channel
    # One row that is refused must not keep the bucket from being leased, now and for ever.
    await write_piecemeal(way, connection, silent.provider, came_of(way, by, planned, results, now), held, now)
    return strange_answers(way.channel, silent.provider, [message.rows[0].address for message in planned], results)


async def _write_outcomes(
    connection: Connection,
    silent: Silent,
    by_message: Sequence[Sequence[int]],
    doubtful: frozenset[int],
    found: Found,
    now: float,
) -> None:
    outcomes: list[str | None] = []
    notes: list[str | None] = []
    for at, places in enumerate(by_message):
        result = found.answers.get(at)
        outcome = outcome_of(result) if result is not None else None if at in doubtful else NOT_SENT
        outcomes += [outcome] * len(places)
        notes += [None if result is None else note_of(result)] * len(places)
    await record.finish_attempt(connection, silent.token, outcomes, notes, now)
