"""Ends what is unsent of updates because an operator says so.

Their buckets are locked first, as a claim locks them: what no attempt names then goes out no more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.store import moving
from tocsin.store.ledger import OPEN

_NARROWED = """
    d.update_id = ANY(CAST(:updates AS int[])) AND d.state IN ('held', 'pending', 'unknown')
      AND (CAST(:endpoint AS int) IS NULL OR d.endpoint_id = :endpoint)
      AND (CAST(:audience AS int) IS NULL OR d.audience = :audience)
      AND EXISTS (SELECT FROM bucket b WHERE b.id = d.bucket_id AND b.channel <> 'status_page'
                  AND (CAST(:channel AS text) IS NULL OR b.channel = :channel))
"""
_BUCKETS = text(f"SELECT DISTINCT d.bucket_id FROM delivery d WHERE {_NARROWED}")
_CANCEL = text(f"""
    WITH c AS (
      UPDATE delivery d SET state = 'cancelled', reason = 'cancelled', note = :note, due_at = NULL,
        done_at = tocsin_epoch()
      WHERE {_NARROWED} AND d.bucket_id = ANY(CAST(:buckets AS int[]))
      RETURNING d.update_id, d.bucket_id, d.endpoint_id, d.unknowns
    )
    SELECT count(*)::int AS n,
      (count(*) FILTER (WHERE c.unknowns > 0 OR (c.update_id, c.bucket_id, c.endpoint_id) IN ({OPEN})))::int AS away
    FROM c
""")


class Narrowed(NamedTuple):
    """What is cancelled of `updates`; None: not narrowed by this."""

    updates: Sequence[int]
    endpoint: int | None = None
    channel: str | None = None
    audience: int | None = None


class Cancelled(NamedTuple):
    """`away` of the `n` rows may have gone out: they are in a worker's hands, or their outcome is unknown."""

    n: int
    away: int


async def updates_of(connection: AsyncConnection, incident_id: int, version: int | None) -> list[int]:
    """Return the updates of an incident, or one version's."""
    found = await connection.execute(
        text("""
            SELECT id FROM incident_update
            WHERE incident_id = :incident AND (CAST(:version AS int) IS NULL OR version = :version)
        """),
        {"incident": incident_id, "version": version},
    )
    return list(found.scalars())


async def are_being_written(connection: AsyncConnection, updates: Sequence[int]) -> bool:
    """Tell whether rows of `updates` are still to come."""
    found = await connection.execute(
        text("SELECT EXISTS (SELECT FROM outbox WHERE update_id = ANY(CAST(:updates AS int[])) AND done_at IS NULL)"),
        {"updates": list(updates)},
    )
    return bool(found.scalar_one())


async def cancel(connection: AsyncConnection, only: Narrowed, note: str) -> Cancelled:
    """Cancel every unfinished row; a late "accepted" of one that was on its way still counts."""
    values = only._asdict() | {"updates": list(only.updates), "note": note}
    n = away = 0
    # A worker may have moved slow addresses to a bucket of their own before the lock was ours: hence once more.
    while buckets := list((await connection.execute(_BUCKETS, values)).scalars()):
        await moving.lock(connection, buckets)
        done = (await connection.execute(_CANCEL, values | {"buckets": buckets})).one()
        n, away = n + done.n, away + done.away
    return Cancelled(n, away)
