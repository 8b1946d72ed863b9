"""Gives addresses that keep others waiting a bucket of their own, so that a silent mailbox holds up nobody else.

The new bucket goes on under the same lease: everything that holds for a leased bucket holds for it, and the old one can
be given back. It knows where its endpoints are at home, and no newcomer is put with the slow.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tocsin.store.claim import Lease, Leased
from tocsin.store.engine import Connection

# The rows of so many updates move along, finished or not, with those of what is open or still being written: receipts,
# fallbacks, second tries and a fan-out that is repeated look for them where the endpoint is. All would be too many.
RECENT: Final = 200


async def split(connection: Connection, lease: Lease, token: int, slow: Sequence[int]) -> dict[int, Leased]:
    """Move endpoints out of leased buckets into new ones; return the new bucket of each old one.

    Where the lease was lost nothing is moved.
    """
    moved: dict[int, Leased] = {}
    for bucket in sorted(lease.buckets):
        new = await connection.fetchval(
            """
            INSERT INTO bucket (channel, rank, home, urgent, due_at, due_n, live, attempt_id, lease_until, gen)
            SELECT channel, rank, coalesce(home, id), urgent, due_at, 0, live, attempt_id, lease_until,
              (gen <> $4::int)::int  -- a fan-out that came by since the lease wrote rows for who moves, too
            FROM bucket
            WHERE id = $1 AND attempt_id = $2
              AND EXISTS (SELECT 1 FROM endpoint WHERE bucket_id = $1 AND id = ANY($3::int[])) FOR UPDATE
            RETURNING id
            """,
            bucket.id,
            token,
            slow,
            bucket.gen,
        )
        if new is not None:
            moved[bucket.id] = Leased(new, 0, bucket.live)
            await _move(connection, bucket.id, new, token, slow)
    return moved


async def _move(connection: Connection, old: int, new: int, token: int, slow: Sequence[int]) -> None:
    await connection.execute(
        """
        WITH e AS (
          UPDATE endpoint SET bucket_id = $2 WHERE bucket_id = $1 AND id = ANY($3::int[]) RETURNING id),
        n AS (SELECT count(*) AS n FROM e)
        UPDATE bucket SET size = CASE id WHEN $1 THEN greatest(size - n, 0) ELSE n END FROM n WHERE id IN ($1, $2)
        """,
        old,
        new,
        slow,
    )
    await connection.execute(
        """
        UPDATE delivery SET bucket_id = $2
        WHERE bucket_id = $1 AND endpoint_id = ANY($3::int[])
          AND update_id = ANY(ARRAY(  -- looked up one by one in the key
            SELECT unnest(live) FROM bucket WHERE id = $1
            UNION (SELECT id FROM incident_update ORDER BY id DESC LIMIT $4)
            UNION SELECT update_id FROM outbox WHERE kind = 'fan_out' AND done_at IS NULL
            UNION SELECT u.id FROM incident_update u JOIN incident i ON i.id = u.incident_id
              WHERE i.resolved_at IS NULL))
        """,
        old,
        new,
        slow,
        RECENT,
    )
    await connection.execute(
        """
        UPDATE attempt SET buckets = buckets || $2::int, row_buckets = (
          SELECT array_agg(CASE WHEN b = $1 AND e = ANY($3::int[]) THEN $2 ELSE b END ORDER BY n)
          FROM unnest(row_buckets, endpoints) WITH ORDINALITY x (b, e, n))
        WHERE id = $4
        """,
        old,
        new,
        slow,
        token,
    )
