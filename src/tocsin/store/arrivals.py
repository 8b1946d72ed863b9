"""Reports of what arrived, which come by the hundreds after each blast: many are written down in two statements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.channel import Receipt
from tocsin.domain.delivery import State, before

# As in receipts.py: what a message told is among what its endpoint was told, and may not carry its name yet.
_ROWS = """
    JOIN endpoint e ON e.id = s.endpoint JOIN pace p ON p.endpoint_id = e.id
    JOIN delivery d ON d.bucket_id = e.bucket_id AND d.endpoint_id = e.id
      AND d.update_id = ANY(p.told || s.message) AND (d.update_id = s.message OR d.message = s.message)
"""
_LOCK = text(f"""
    SELECT FROM unnest(CAST(:messages AS int[]), CAST(:endpoints AS int[])) AS s (message, endpoint) {_ROWS}
    FOR UPDATE OF d NOWAIT
""")
_KEEP = text(f"""
    WITH kept AS (
      INSERT INTO receipt (provider, update_id, endpoint_id, kind, code, note, event)
      SELECT :provider, message, endpoint, 'delivered', code, note, event
      FROM unnest(CAST(:messages AS int[]), CAST(:endpoints AS int[]), CAST(:codes AS text[]), CAST(:notes AS text[]),
        CAST(:events AS text[])) AS s (message, endpoint, code, note, event)
      ON CONFLICT (provider, event) WHERE event <> '' DO NOTHING
      RETURNING update_id AS message, endpoint_id AS endpoint, note
    ), found AS (
      SELECT d.update_id, d.bucket_id, d.endpoint_id, s.message, s.note FROM kept s {_ROWS}
    )
    UPDATE delivery d SET state = 'delivered', due_at = NULL, receipt_at = tocsin_epoch(),
      done_at = coalesce(d.done_at, tocsin_epoch()), message = f.message, note = f.note
    FROM found f
    WHERE d.update_id = f.update_id AND d.bucket_id = f.bucket_id AND d.endpoint_id = f.endpoint_id
      AND d.state::text = ANY(:allowed)
    RETURNING 1
""")


@dataclass(frozen=True, slots=True)
class Arrival:
    """What was said to have arrived: the message and the endpoint that its name holds."""

    message: int
    endpoint: int
    receipt: Receipt


async def keep(connection: AsyncConnection, provider: str, arrivals: Sequence[Arrival]) -> int:
    """Keep the receipts that are new, and move the rows that their messages told; return how many moved.

    Nobody is waited for while so many rows are locked: where another transaction has one of them, this raises
    PostgreSQL's lock_not_available.
    """
    named = {"messages": [one.message for one in arrivals], "endpoints": [one.endpoint for one in arrivals]}
    await connection.execute(_LOCK, named)
    said = {
        "codes": [one.receipt.code for one in arrivals],
        "notes": [one.receipt.note for one in arrivals],
        "events": [one.receipt.event for one in arrivals],
    }
    values = named | said | {"provider": provider, "allowed": before(State.DELIVERED)}
    return len((await connection.execute(_KEEP, values)).all())
