"""What only the console shows: counts by audience for the board, names and addresses for the lists."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.subscription import spoken
from tocsin.domain.trouble import Trouble

# Rows that an attempt has in hand at this moment are being sent: told by the attempt, not stored in the row.
_TALLY = text("""
    WITH hand AS MATERIALIZED (
      SELECT DISTINCT z.b, z.e FROM attempt a, unnest(a.row_buckets, a.endpoints, a.updates) z (b, e, u)
      WHERE a.finished_at IS NULL AND a.updates && ARRAY[CAST(:update AS int)] AND z.u = :update
    ), counted AS (
      SELECT d.bucket_id, d.audience, count(*) AS n,
        CASE WHEN d.due_at IS NOT NULL AND hand.e IS NOT NULL THEN 'sending' ELSE d.state::text END AS state
      FROM delivery d LEFT JOIN hand ON hand.b = d.bucket_id AND hand.e = d.endpoint_id
      WHERE d.update_id = :update GROUP BY 1, 2, 4
    )
    SELECT b.channel, coalesce(a.name, 'audience ' || c.audience), c.state, sum(c.n)::int
    FROM counted c JOIN bucket b ON b.id = c.bucket_id LEFT JOIN audience a ON a.id = c.audience
    GROUP BY a.rank, 1, 2, 3 ORDER BY a.rank, 2, 1, 3
""")


class Tally(NamedTuple):
    channel: str
    audience: str
    state: str
    number: int


class Person(NamedTuple):
    """Who is behind an endpoint, and how it stands."""

    name: str
    address: str
    state: str
    state_reason: str | None = None
    trouble: Trouble | None = None


async def now(connection: AsyncConnection) -> datetime:
    found = await connection.execute(text("SELECT tocsin_now()"))
    at: datetime = found.scalar_one()
    return at


async def tally(connection: AsyncConnection, update: str) -> list[Tally]:
    """Count the deliveries of the update so named by audience (from the inside out), channel and state."""
    number = await connection.execute(text("SELECT id FROM incident_update WHERE public_id = :id"), {"id": update})
    rows = await connection.execute(_TALLY, {"update": number.scalar_one()})
    return [Tally(*row) for row in rows]


async def people(connection: AsyncConnection, endpoints: Collection[int]) -> dict[int, Person]:
    """Return who is behind `endpoints`; those that were deleted are missing."""
    rows = await connection.execute(
        text("""
            SELECT e.id, s.name, e.address, e.state::text, e.state_reason,
              t.since, t.last, t.failures, t.note, t.told_at, t.looked_at
            FROM endpoint e JOIN subscriber s ON s.id = e.subscriber_id LEFT JOIN trouble t ON t.endpoint_id = e.id
            WHERE e.id = ANY(CAST(:endpoints AS int[]))
        """),
        {"endpoints": list(endpoints)},
    )
    return {
        number: Person(name, spoken(address), state, because, None if trouble[0] is None else Trouble(*trouble))
        for number, name, address, state, because, *trouble in rows
    }


async def waiting(connection: AsyncConnection) -> dict[str, tuple[int, float | None]]:
    """Return for each channel how many buckets have work now, and since when the oldest of them waits."""
    rows = await connection.execute(
        text("SELECT channel, count(*)::int, min(due_at) FROM bucket WHERE due_at <= tocsin_epoch() GROUP BY channel")
    )
    return {row[0]: (row[1], row[2]) for row in rows}
