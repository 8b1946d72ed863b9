"""What health checks and metrics ask the database; all of it answers within milliseconds."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection


class Ages(NamedTuple):
    """Seconds that the oldest due bucket, by channel, and the oldest unkept promise have been waiting."""

    buckets: dict[str, float]
    outbox: float


class Counted(NamedTuple):
    channel: str
    state: str
    n: int


@cache
def newest_schema() -> str:
    """Return the schema that this code wants."""
    newest = ScriptDirectory(str(Path(__file__).parent / "migrations")).get_current_head()
    assert newest is not None, "there is at least one migration"
    return newest


async def schema(connection: AsyncConnection) -> str | None:
    """Return the schema that the database has, None where it was never migrated."""
    try:
        found = await connection.execute(text("SELECT version_num FROM alembic_version"))
    except ProgrammingError:
        return None
    row = found.one_or_none()
    return None if row is None else str(row.version_num)


async def ages(connection: AsyncConnection) -> Ages:
    """Return how long work has been waiting for a worker."""
    buckets = await connection.execute(
        text("""
            WITH t AS (SELECT tocsin_epoch() AS now)
            SELECT channel, max(t.now - due_at) AS age FROM bucket, t
            WHERE due_at <= t.now AND lease_until <= t.now GROUP BY channel
        """)
    )
    outbox = await connection.execute(
        text("SELECT extract(epoch FROM tocsin_now() - min(created_at))::float8 FROM outbox WHERE done_at IS NULL")
    )
    return Ages({row.channel: row.age for row in buckets}, outbox.scalar_one() or 0.0)


async def recent_deliveries(connection: AsyncConnection, hours: int) -> Sequence[Counted]:
    """Count the rows of updates published in the last `hours`."""
    rows = await connection.execute(
        text("""
            SELECT b.channel, d.state, sum(d.n)::bigint AS n
            FROM (
              SELECT bucket_id, state::text, count(*) AS n FROM delivery
              WHERE update_id IN (SELECT id FROM incident_update
                                  WHERE created_at > tocsin_now() - make_interval(hours => :hours))
              GROUP BY 1, 2
            ) d JOIN bucket b ON b.id = d.bucket_id GROUP BY 1, 2
        """),
        {"hours": hours},
    )
    return [Counted(row.channel, row.state, row.n) for row in rows]


class Dead(NamedTuple):
    channel: str
    state: str
    reason: str
    n: int


async def dead_letters(connection: AsyncConnection, hours: int) -> Sequence[Dead]:
    """Count what did not arrive of updates published in the last `hours`, and can be tried again, by reason."""
    rows = await connection.execute(
        text("""
            SELECT b.channel, d.state::text AS state, d.reason, count(*) AS n
            FROM delivery d JOIN bucket b ON b.id = d.bucket_id
            WHERE d.update_id IN (SELECT id FROM incident_update
                                  WHERE created_at > tocsin_now() - make_interval(hours => :hours))
              AND d.state IN ('failed', 'bounced', 'expired') GROUP BY 1, 2, 3
        """),
        {"hours": hours},
    )
    return [Dead(row.channel, row.state, row.reason or "", row.n) for row in rows]


class Paced(NamedTuple):
    """What waits for a channel's providers; `opens_in` is how long the last of them is to be left alone, in seconds."""

    channel: str
    waiting: int
    opens_in: float


async def paced(connection: AsyncConnection, hours: int) -> Sequence[Paced]:
    """Count what waits for its provider's pace, of updates published in the last `hours`, by channel."""
    rows = await connection.execute(
        text("""
            WITH w AS (
              SELECT b.channel, count(*) AS n FROM delivery d JOIN bucket b ON b.id = d.bucket_id
              WHERE d.update_id IN (SELECT id FROM incident_update
                                    WHERE created_at > tocsin_now() - make_interval(hours => :hours))
                AND d.state = 'held' AND d.reason = 'provider_paced' GROUP BY 1
            ), c AS (
              SELECT channel, max(until - tocsin_epoch()) AS opens_in FROM closed_gate
              WHERE until > tocsin_epoch() GROUP BY 1
            )
            SELECT channel, coalesce(n, 0) AS n, coalesce(opens_in, 0) AS opens_in FROM w FULL JOIN c USING (channel)
        """),
        {"hours": hours},
    )
    return [Paced(row.channel, row.n, row.opens_in) for row in rows]


class Audited(NamedTuple):
    """`age`: seconds since it was last looked at."""

    invariant: str
    violations: int
    example: str | None
    age: float
    seconds: float


async def audited(connection: AsyncConnection) -> Sequence[Audited]:
    """Return what the last audit found of each invariant."""
    rows = await connection.execute(
        text("""
            SELECT invariant, violations, example, tocsin_epoch() - checked_at AS age, seconds FROM audit
            ORDER BY invariant
        """)
    )
    return [Audited(row.invariant, row.violations, row.example, row.age, row.seconds) for row in rows]
