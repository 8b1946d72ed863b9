"""Writes down what came of an attempt, trying for minutes where the database is away, and at once where it refuses.

What it refuses once it refuses for ever: then the batch is written piece by piece, and one bad row keeps nobody else's
from being recorded.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import structlog
from tenacity import AsyncRetrying, retry_if_exception, stop_after_delay, wait_exponential_jitter

from tocsin.domain.channel import Result
from tocsin.domain.outline import Planned
from tocsin.services.begun import Begun
from tocsin.services.outcome import UNKNOWN_WAIT_SECONDS, note_of, outcome_of
from tocsin.services.way import Way
from tocsin.services.write_down import came_of, write_down
from tocsin.services.write_piecemeal import write_piecemeal
from tocsin.store import record
from tocsin.store.engine import REFUSED, Connection, in_short, may_pass

log = structlog.get_logger()

_LONGEST_SECONDS = 300.0


class Write(Protocol):
    """Writes within a transaction that may be begun anew; `piecemeal` where not everything can be written."""

    async def __call__(self, connection: Connection, *, piecemeal: bool) -> None: ...


async def settle(way: Way, write: Write) -> None:
    """Write in one transaction, for minutes if need be: what the provider took must not become unknown."""
    try:
        await _in_transaction(way, write, piecemeal=False)
    except REFUSED as error:
        log.warning("batch.refused", channel=way.channel.name, error=in_short(error))
        await _in_transaction(way, write, piecemeal=True)


async def _in_transaction(way: Way, write: Write, *, piecemeal: bool) -> None:
    async for trying in AsyncRetrying(
        retry=retry_if_exception(may_pass),
        wait=wait_exponential_jitter(multiplier=0.1, max=1),
        stop=stop_after_delay(_LONGEST_SECONDS),
        reraise=True,
    ):
        with trying:
            async with way.pool.acquire() as connection, connection.transaction():
                await write(connection, piecemeal=piecemeal)


async def write_outcomes(
    way: Way,
    connection: Connection,
    begun: Begun,
    planned: Sequence[Planned],
    results: Sequence[Result],
    *,
    piecemeal: bool,
) -> float:
    """Write what came of messages, and give their buckets back; return the database's time at which it was."""
    now: float = await connection.fetchval("SELECT tocsin_epoch()")
    came = came_of(way, begun.by(way), planned, results, now)
    provider = begun.turn.provider or way.channel.provider
    due = [(item.message, item.due_at) for item in came.unheard if item.due_at is not None]
    if piecemeal:  # somebody looks again at what cannot be written
        due += [(message, now + UNKNOWN_WAIT_SECONDS) for message in planned]
    waiting = {bucket: dict(live) for bucket, live in begun.plan.waiting.items()}
    for message, at in due:
        for row in message.rows:
            live = waiting.setdefault(row.bucket_id, {})
            live[row.update_id] = min(at, live.get(row.update_id, at))
    ours = await record.release(connection, begun.lease, begun.token, waiting)
    if piecemeal:
        await write_piecemeal(way, connection, provider, came, ours, now)
    else:
        await write_down(way, connection, provider, came, ours, now)
    return now


async def end(
    connection: Connection,
    token: int,
    planned: Sequence[Planned],
    results: Sequence[Result],
    now: float,
    *,
    piecemeal: bool,
) -> None:
    """End an attempt as a whole; without the provider's words where those may be what is refused."""
    by_row = [
        (outcome_of(result), None if piecemeal else note_of(result))
        for message, result in zip(planned, results, strict=True)
        for _ in message.rows
    ]
    outcomes, notes = [outcome for outcome, _ in by_row], [note for _, note in by_row]
    await record.finish_attempt(connection, token, outcomes, notes, now)
