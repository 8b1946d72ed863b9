"""Takes endpoints out of their buckets, or to others, without losing or doubling what they are owed.

Buckets are locked in the order of their ids, as the fan-out and the claim do, and all at once. While the lock is held
no fan-out writes rows for them and no worker leases them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.store.placing import BUCKET_SIZE, one_at_a_time

_LOCK = text("""
    SELECT id, rank, attempt_id IS NOT NULL AS leased FROM bucket
    WHERE id = ANY(CAST(:ids AS int[])) OR (size < :full AND home IS NULL
      AND (channel, rank) IN (SELECT * FROM unnest(CAST(:channels AS text[]), CAST(:ranks AS smallint[]))))
    ORDER BY id FOR UPDATE
""")
_PLACES = text("SELECT id, bucket_id FROM endpoint WHERE id = ANY(CAST(:endpoints AS int[]))")
_EMPTY = text("""
    UPDATE bucket SET size = size - x.n
    FROM unnest(CAST(:ids AS int[]), CAST(:counts AS int[])) AS x (id, n) WHERE bucket.id = x.id
""")
# An array of updates is looked up one by one in the ledger's key.
_MOVE_ROWS = text("""
    UPDATE delivery SET bucket_id = :new
    WHERE bucket_id = :old AND endpoint_id = :endpoint AND update_id = ANY(ARRAY(SELECT id FROM incident_update))
    RETURNING update_id, due_at IS NOT NULL AS is_owed
""")
_CANCEL = text("""
    UPDATE delivery d SET state = 'cancelled', reason = 'opted_out', due_at = NULL, done_at = tocsin_epoch()
    FROM bucket b
    WHERE b.id = ANY(CAST(:buckets AS int[])) AND d.bucket_id = b.id AND d.endpoint_id = ANY(CAST(:endpoints AS int[]))
      AND d.update_id = ANY(b.live) AND d.state IN ('held', 'pending', 'unknown')
""")


class Locked(NamedTuple):
    rank: int
    leased: bool


async def lock(
    connection: AsyncConnection, buckets: Collection[int], also: Sequence[tuple[str, int]] = ()
) -> dict[int, Locked]:
    """Lock `buckets`, and those that have room for new endpoints of the channels and ranks in `also`."""
    if also:
        await one_at_a_time(connection)
    rows = await connection.execute(
        _LOCK,
        {
            "ids": sorted(buckets),
            "full": BUCKET_SIZE,
            "channels": [channel for channel, _ in also],
            "ranks": [rank for _, rank in also],
        },
    )
    return {row.id: Locked(row.rank, row.leased) for row in rows}


async def places(connection: AsyncConnection, endpoints: Collection[int]) -> dict[int, int]:
    """Return the bucket of each of `endpoints`."""
    rows = await connection.execute(_PLACES, {"endpoints": list(endpoints)})
    return {row.id: row.bucket_id for row in rows}


async def lock_places(connection: AsyncConnection, endpoints: Collection[int]) -> dict[int, int]:
    """Lock the buckets of `endpoints` and return them: slow addresses may be moved until theirs is locked."""
    locked: set[int] = set()
    while True:
        found = await places(connection, endpoints)
        buckets = set(found.values()) - locked
        if not buckets:
            return found
        await lock(connection, buckets)
        locked |= buckets


async def is_fanning_out(connection: AsyncConnection) -> bool:
    """Tell whether any update's rows are still being written."""
    found = await connection.execute(
        text("SELECT EXISTS (SELECT FROM outbox WHERE kind = 'fan_out' AND done_at IS NULL)")
    )
    return bool(found.scalar_one())


async def move(connection: AsyncConnection, endpoint: int, old: int, new: int) -> None:
    """Move an endpoint and its rows to the bucket `new`, where it is counted already, and wake that."""
    await connection.execute(
        text("UPDATE endpoint SET bucket_id = :new WHERE id = :endpoint"), {"new": new, "endpoint": endpoint}
    )
    moved = await connection.execute(_MOVE_ROWS, {"endpoint": endpoint, "old": old, "new": new})
    await leave(connection, [old])
    await wake(connection, new, [row.update_id for row in moved if row.is_owed])


async def leave(connection: AsyncConnection, buckets: Sequence[int]) -> None:
    """Count one endpoint less in each of `buckets`."""
    counts = Counter(buckets)
    await connection.execute(_EMPTY, {"ids": list(counts), "counts": list(counts.values())})


async def cancel(connection: AsyncConnection, endpoints: Sequence[int], buckets: Sequence[int]) -> None:
    """End whatever endpoints, which are about to be deleted, are still owed; their finished rows stay."""
    await connection.execute(_CANCEL, {"endpoints": list(endpoints), "buckets": list(buckets)})


async def wake(connection: AsyncConnection, bucket: int, updates: Sequence[int]) -> None:
    """Make a bucket due now for rows of `updates`; a worker that has it leased will see that something came by."""
    if not updates:
        return
    await connection.execute(
        text("""
            UPDATE bucket SET gen = gen + 1, due_n = due_n + :n,
              due_at = CASE WHEN lease_until > tocsin_epoch() THEN due_at ELSE tocsin_epoch() END,
              live = (SELECT array_agg(DISTINCT u) FROM unnest(live || CAST(:updates AS int[])) AS u)
            WHERE id = :id
        """),
        {"id": bucket, "n": len(updates), "updates": list(updates)},
    )
