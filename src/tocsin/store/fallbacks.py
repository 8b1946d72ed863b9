"""What an address that failed for good was owed, and how another endpoint of the same subscriber takes it over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tocsin.domain.channel import ChannelName
from tocsin.domain.rows import Row
from tocsin.store.engine import Connection

# Where a version that failed had taken the place of one that was heard, that one is what the endpoint was told.
TAKE_BACK = """
    UPDATE pace p SET told = ARRAY(
      SELECT t FROM unnest(p.told) t WHERE t <> ALL(x.updates)
      UNION
      SELECT h.id FROM unnest(x.updates) f JOIN incident_update u ON u.id = f CROSS JOIN LATERAL (
        SELECT o.id FROM incident_update o JOIN delivery d
          ON d.update_id = o.id AND d.bucket_id = e.bucket_id AND d.endpoint_id = e.id
        WHERE o.incident_id = u.incident_id AND o.version < u.version AND d.state IN ('accepted', 'delivered')
        ORDER BY o.version DESC LIMIT 1) h
      ORDER BY 1)
    FROM (SELECT e, array_agg(u) AS updates FROM unnest({endpoints}, {updates}) z (e, u) GROUP BY 1) x
      JOIN endpoint e ON e.id = x.e
    WHERE p.endpoint_id = x.e AND p.told && x.updates
"""
_FIRST_THAT_MAY_BE_WRITTEN_TO = """
    WITH RECURSIVE chain (at, step) AS (
      SELECT fallback_id, 1 FROM endpoint WHERE id = $1
      UNION
      SELECT f.fallback_id, step + 1 FROM chain JOIN endpoint f ON f.id = chain.at
      WHERE f.state <> 'active' AND f.fallback_id IS NOT NULL AND step < 50
    )
    SELECT f.id, f.bucket_id, f.channel FROM chain JOIN endpoint f ON f.id = chain.at
    WHERE f.state = 'active' ORDER BY step LIMIT 1
"""


class StandIn(NamedTuple):
    """Who hears in another's stead."""

    id: int
    bucket_id: int
    channel: ChannelName


async def take_back(connection: Connection, rows: Sequence[Row]) -> None:
    """Forget that endpoints were told what failed for good."""
    if rows:
        await connection.execute(
            TAKE_BACK.format(endpoints="$1::int[]", updates="$2::int[]"),
            [row.endpoint_id for row in rows],
            [row.update_id for row in rows],
        )


async def owe(connection: Connection, rows: Sequence[Row]) -> None:
    """Put on record that the fallback of each row's endpoint, where it has one, is owed what the row was about."""
    if rows:
        await connection.execute(
            """
            INSERT INTO fallback_debt (endpoint_id, update_id, audience, since)
            SELECT x.e, x.u, x.a, x.s
            FROM unnest($1::int[], $2::int[], $3::smallint[], $4::float8[]) x (e, u, a, s)
              JOIN endpoint e ON e.id = x.e AND e.fallback_id IS NOT NULL
            ON CONFLICT DO NOTHING
            """,
            [row.endpoint_id for row in rows],
            [row.update_id for row in rows],
            [row.audience for row in rows],
            [row.since for row in rows],
        )


async def owing(connection: Connection) -> list[int]:
    """Return endpoints whose fallback has not taken over yet."""
    rows = await connection.fetch("SELECT DISTINCT endpoint_id FROM fallback_debt ORDER BY 1 LIMIT 200")
    return [row["endpoint_id"] for row in rows]


async def lock_debts(connection: Connection, endpoint: int) -> list[int]:
    """Lock what the fallback of an endpoint is owed; return the updates, none where another worker is at it."""
    rows = await connection.fetch(
        "SELECT update_id FROM fallback_debt WHERE endpoint_id = $1 ORDER BY 1 FOR UPDATE SKIP LOCKED", endpoint
    )
    return [row["update_id"] for row in rows]


async def stand_in_of(connection: Connection, endpoint: int) -> StandIn | None:
    """Return the first along an endpoint's fallbacks that may be written to."""
    row = await connection.fetchrow(_FIRST_THAT_MAY_BE_WRITTEN_TO, endpoint)
    return None if row is None else StandIn(row["id"], row["bucket_id"], ChannelName(row["channel"]))


async def lock_idle(connection: Connection, stand_in: StandIn) -> bool:
    """Lock the bucket of `stand_in`; False where a worker has it: what it writes of who was told would undo ours."""
    idle: bool | None = await connection.fetchval(
        """
        SELECT attempt_id IS NULL AND EXISTS (SELECT FROM endpoint e WHERE e.id = $2 AND e.bucket_id = b.id)
        FROM bucket b WHERE id = $1 FOR UPDATE
        """,
        stand_in.bucket_id,
        stand_in.id,
    )
    return bool(idle)


async def hand_over(connection: Connection, endpoint: int, stand_in: StandIn, updates: Sequence[int]) -> None:
    """Owe `updates` to `stand_in`, and let it know what `endpoint` was told: it hears the ends of that."""
    await connection.execute(
        """
        WITH told AS (
          SELECT array_agg(t) AS updates FROM pace p, unnest(p.told) t JOIN incident_update v ON v.id = t
          -- What it was told to be open itself, it is owed the end of by itself.
          WHERE p.endpoint_id = $1 AND v.incident_id NOT IN (
              SELECT w.incident_id FROM pace q, unnest(q.told) k JOIN incident_update w ON w.id = k
              WHERE q.endpoint_id = $2 AND w.status NOT IN ('resolved', 'postmortem', 'completed', 'cancelled'))
            AND ((SELECT state = 'quarantined' FROM endpoint WHERE id = $1)
            OR v.incident_id IN (SELECT incident_id FROM incident_update WHERE id = ANY($3::int[])))
        )
        UPDATE pace p SET told = ARRAY(SELECT unnest(p.told) UNION SELECT unnest(told.updates) ORDER BY 1)
        FROM told WHERE p.endpoint_id = $2 AND told.updates IS NOT NULL
        """,
        endpoint,
        stand_in.id,
        updates,
    )
    await connection.execute(
        "UPDATE pace SET told = '{}' WHERE endpoint_id = $1 AND EXISTS (SELECT FROM endpoint WHERE id = $1"
        " AND state = 'quarantined')",
        endpoint,
    )
    await connection.execute(  # it may have been moved without its old rows
        "UPDATE delivery SET bucket_id = $1 WHERE update_id = ANY($2::int[]) AND endpoint_id = $3 AND bucket_id <> $1",
        stand_in.bucket_id,
        updates,
        stand_in.id,
    )
    await connection.execute(
        """
        WITH i AS (
          INSERT INTO delivery (update_id, bucket_id, endpoint_id, audience, state, rule, since, due_at)
          SELECT f.update_id, $3::int, $2::int, f.audience, 'pending', 'fallback', f.since, tocsin_epoch()
          FROM fallback_debt f WHERE f.endpoint_id = $1 AND f.update_id = ANY($4::int[])
          ON CONFLICT (update_id, bucket_id, endpoint_id) DO UPDATE SET state = 'pending', reason = NULL,
            rule = 'fallback', since = excluded.since, due_at = excluded.due_at, done_at = NULL
            WHERE delivery.state = 'skipped'
          RETURNING update_id
        ), n AS (SELECT array_agg(update_id) AS updates, count(*)::int AS n FROM i)
        UPDATE bucket SET gen = gen + 1, due_n = due_n + n.n, due_at = tocsin_epoch(),
          live = ARRAY(SELECT unnest(live) UNION SELECT unnest(n.updates) ORDER BY 1)
        FROM n WHERE id = $3 AND n.n > 0
        """,
        endpoint,
        stand_in.id,
        stand_in.bucket_id,
        updates,
    )


async def settle(connection: Connection, endpoint: int, updates: Sequence[int]) -> None:
    """Forget what has been handed over."""
    await connection.execute(
        "DELETE FROM fallback_debt WHERE endpoint_id = $1 AND update_id = ANY($2::int[])", endpoint, updates
    )
