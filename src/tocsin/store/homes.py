"""Buckets that slow addresses were given of their own: where their endpoints belong, and how they go back there.

Only endpoints that are owed nothing go home, from a bucket that no attempt has named for an hour: whatever an answer or
the audit looks for is where the attempt says. People are locked first, then buckets by their ids, as everybody else
does; who has one of them is not waited for.
"""

from __future__ import annotations

from typing import Final

from tocsin.store.engine import Connection
from tocsin.store.placing import BUCKET_SIZE, PLACING_LOCK

QUIET_SECONDS: Final = 3600.0
_MOST = 50
# Of the ledger's key an array of updates is looked up one by one; a join would walk through all of it.
_ROWS = "bucket_id = $1 AND update_id = ANY(ARRAY(SELECT id FROM incident_update))"


async def quiet(connection: Connection, seconds: float) -> list[int]:
    """Return buckets of slow addresses that are owed nothing and that no attempt has named for `seconds`."""
    rows = await connection.fetch(
        """
        SELECT id FROM bucket WHERE home IS NOT NULL AND attempt_id IS NULL AND live = '{}'
          AND id NOT IN (SELECT unnest(buckets) FROM attempt WHERE started_at > tocsin_epoch() - $1::float8)
        ORDER BY id LIMIT $2
        """,
        seconds,
        _MOST,
    )
    return [row["id"] for row in rows]


async def leave_alone_what_is_locked(connection: Connection) -> None:
    """Have this transaction fail where somebody is in its way, before they could fail because of it."""
    await connection.execute("SET LOCAL lock_timeout = '200ms'")


async def remove_empty(connection: Connection, bucket: int) -> bool:
    """Remove a bucket that holds nothing and has no rows in the ledger; return whether it was one."""
    removed = await connection.fetchval(
        f"""
        DELETE FROM bucket WHERE id = $1 AND home IS NOT NULL AND size = 0 AND attempt_id IS NULL AND live = '{{}}'
          AND NOT EXISTS (SELECT FROM endpoint WHERE bucket_id = $1) AND NOT EXISTS (SELECT FROM delivery WHERE {_ROWS})
        RETURNING id
        """,
        bucket,
    )
    return removed is not None


async def lock(connection: Connection, bucket: int, seconds: float) -> int | None:
    """Lock a bucket that is still at rest with its people; return the one that has room for them, itself if none has.

    None where somebody works on it or has since `quiet` looked, or where rows are being written: the fan-out goes from
    bucket to bucket.
    """
    await connection.execute(
        """
        SELECT id FROM subscriber WHERE id IN (SELECT subscriber_id FROM endpoint WHERE bucket_id = $1)
        ORDER BY id FOR NO KEY UPDATE
        """,
        bucket,
    )
    await connection.execute("SELECT pg_advisory_xact_lock($1)", PLACING_LOCK)
    rows = await connection.fetch(
        """
        SELECT b.id, b.size, b.home, b.attempt_id IS NULL AND b.live = '{}' AS at_rest FROM bucket b
          JOIN bucket s ON s.id = $1
        WHERE b.id = $1 OR (b.home IS NULL AND (b.channel, b.rank) = (s.channel, s.rank) AND b.size < $2)
        ORDER BY b.id FOR UPDATE OF b
        """,
        bucket,
        BUCKET_SIZE,
    )
    by_id = {row["id"]: row for row in rows}
    own = by_id.pop(bucket, None)
    if own is None or own["home"] is None or not own["at_rest"] or await _is_fanning_out(connection):
        return None
    if await _is_named(connection, bucket, seconds):
        return None
    room = [row["id"] for row in by_id.values() if row["size"] + own["size"] <= BUCKET_SIZE]
    return own["home"] if own["home"] in room else next(iter(room), bucket)


async def move(connection: Connection, bucket: int, new: int) -> None:
    """Move all endpoints of a locked bucket, and every row that the ledger has there, to another locked one."""
    await connection.execute(
        """
        WITH e AS (UPDATE endpoint SET bucket_id = $2 WHERE bucket_id = $1 RETURNING id), n AS (SELECT count(*) FROM e)
        UPDATE bucket SET size = CASE id WHEN $1 THEN 0 ELSE size + n.count END FROM n WHERE id IN ($1, $2)
        """,
        bucket,
        new,
    )
    await connection.execute(f"UPDATE delivery SET bucket_id = $2 WHERE {_ROWS}", bucket, new)


async def stay(connection: Connection, bucket: int) -> None:
    """Make a bucket one like all others: there is no room for its endpoints elsewhere."""
    await connection.execute("UPDATE bucket SET home = NULL WHERE id = $1", bucket)


async def _is_fanning_out(connection: Connection) -> bool:
    found = await connection.fetchval("SELECT EXISTS (SELECT FROM outbox WHERE kind = 'fan_out' AND done_at IS NULL)")
    return bool(found)


async def _is_named(connection: Connection, bucket: int, seconds: float) -> bool:
    found = await connection.fetchval(
        """
        SELECT EXISTS (
          SELECT FROM attempt WHERE started_at > tocsin_epoch() - $1::float8 AND buckets @> ARRAY[$2::int])
        """,
        seconds,
        bucket,
    )
    return bool(found)
