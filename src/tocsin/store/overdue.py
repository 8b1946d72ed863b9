"""What has been due for a while and is in nobody's hands: what a watchdog asks before it ends its own process."""

from __future__ import annotations

from collections.abc import Collection

import asyncpg

from tocsin.store.engine import Connection

FAN_OUT = "fan_out"
_SECONDS = 5.0


async def ask_overdue(database_url: str, seconds: float) -> set[str] | None:
    """Ask on a connection of its own, whatever state the pool is in; None where the database does not answer."""
    try:
        connection = await asyncpg.connect(database_url, timeout=_SECONDS, command_timeout=_SECONDS)
        try:
            return set(await overdue(connection, seconds))
        finally:
            await connection.close(timeout=_SECONDS)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
        return None


async def overdue(connection: Connection, seconds: float) -> Collection[str]:
    """Return the channels with work, and `fan_out` where a promise is, that nobody has taken up for `seconds`.

    A paused channel has none; a bucket that is leased is in somebody's hands until its lease has run out for as long.
    """
    rows = await connection.fetch(
        """
        WITH t AS (SELECT tocsin_epoch() - $1::float8 AS since)
        SELECT DISTINCT channel AS name FROM bucket, t
        WHERE due_at < t.since
          AND NOT EXISTS (SELECT FROM channel c WHERE c.name = bucket.channel AND c.paused_at IS NOT NULL)
        UNION ALL
        SELECT $2::text WHERE EXISTS (
          SELECT FROM outbox, t WHERE kind = 'fan_out' AND done_at IS NULL AND due_at < t.since)
        """,
        seconds,
        FAN_OUT,
    )
    return [row["name"] for row in rows]
