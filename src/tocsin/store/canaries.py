"""Canaries among the notices: the next one, and how the last ones fared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.store.engine import Connection

_SLACK_SECONDS = 120.0  # the house is kept once a minute


class Flight(NamedTuple):
    """How a channel's canaries of the last day fared.

    `seconds` from the promise of the last one to its provider's word, and what 95 % stayed below; None where none was
    taken. `age` of the last that was taken, else of the first of all. `note`: what is known of the newest, None where
    it is under way.
    """

    channel: str
    seconds: float | None
    p95: float | None
    age: float
    note: str | None

    def is_overdue(self, every_seconds: float) -> bool:
        """Tell whether two in a row did not arrive."""
        return self.age > 2 * every_seconds + _SLACK_SECONDS


class Counted(NamedTuple):
    """Of a channel's canaries `n` took `at_most` so many seconds and longer than the bucket below; `seconds` in all."""

    channel: str
    at_most: float
    n: int
    seconds: float


# Of a second, of a minute, and what is too long for anybody.
BUCKETS: Final = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, float("inf"))
_COUNT = """
    INSERT INTO canary_count AS c (channel, at_most, n, seconds)
    SELECT n.channel, (SELECT min(b) FROM unnest($2::float8[]) b WHERE b >= x.took), 1, x.took
    FROM notice n JOIN outbox o ON o.notice_id = n.id,
      LATERAL (SELECT greatest(0, extract(epoch FROM o.done_at - n.created_at)::float8) AS took) x
    WHERE n.id = $1 AND o.done_at IS NOT NULL
    ON CONFLICT (channel, at_most) DO UPDATE SET n = c.n + 1, seconds = c.seconds + excluded.seconds
"""
_COUNTED = text("SELECT channel, at_most, n, seconds FROM canary_count ORDER BY 1, 2")
_PROMISE = """
    WITH n AS (
      INSERT INTO notice (kind, channel, address, address_key, locale)
      SELECT 'canary', $1::text, $2::text, $2::text, 'en'
      WHERE NOT EXISTS (SELECT FROM notice WHERE kind = 'canary' AND channel = $1::text
        AND (outcome IS NULL OR created_at > tocsin_now() - make_interval(secs => $3::float8)))
      RETURNING id
    ), o AS (
      INSERT INTO outbox (kind, notice_id, due_at) SELECT 'notice', id, tocsin_epoch() FROM n RETURNING 1
    )
    SELECT count(*)::int FROM o
"""
_FLIGHTS = text("""
    WITH f AS (
      SELECT n.id, n.channel, n.outcome, n.note, extract(epoch FROM tocsin_now() - n.created_at)::float8 AS age,
        extract(epoch FROM o.done_at - n.created_at)::float8 AS seconds
      FROM notice n JOIN outbox o ON o.notice_id = n.id
      WHERE n.kind = 'canary' AND n.created_at > tocsin_now() - interval '1 day'
    )
    SELECT channel,
      (array_agg(seconds ORDER BY id DESC) FILTER (WHERE outcome = 'accepted'))[1] AS seconds,
      percentile_cont(0.95) WITHIN GROUP (ORDER BY seconds) FILTER (WHERE outcome = 'accepted') AS p95,
      coalesce(min(age) FILTER (WHERE outcome = 'accepted'), max(age)) AS age,
      (array_agg(CASE WHEN outcome IS NOT NULL THEN coalesce(note, '') END ORDER BY id DESC))[1] AS note
    FROM f GROUP BY channel ORDER BY channel
""")


async def promise(connection: Connection, channel: str, address: str, every_seconds: float) -> int:
    """Promise one where the last is older than that and not under way; return how many."""
    promised: int = await connection.fetchval(_PROMISE, channel, address, every_seconds)
    return promised


async def flying(connection: Connection, channel: str) -> list[int]:
    """Return the canaries of a channel that are under way."""
    rows = await connection.fetch(
        "SELECT id FROM notice WHERE kind = 'canary' AND channel = $1 AND outcome IS NULL", channel
    )
    return [row["id"] for row in rows]


async def arrive(connection: Connection, notices: Sequence[int]) -> None:
    """Write that canaries arrived just now which no provider carries."""
    if not notices:
        return
    async with connection.transaction():
        await connection.execute(
            "UPDATE outbox SET done_at = tocsin_now(), due_at = NULL WHERE notice_id = ANY($1::bigint[])"
            " AND done_at IS NULL",
            notices,
        )
        await connection.execute(
            "UPDATE notice SET outcome = 'accepted' WHERE id = ANY($1::bigint[]) AND outcome IS NULL", notices
        )
        for notice in notices:
            await count(connection, notice)


async def count(connection: Connection, notice: int) -> None:
    """Count how long a canary took that has arrived."""
    await connection.execute(_COUNT, notice, BUCKETS)


async def counted(connection: AsyncConnection) -> Sequence[Counted]:
    """Return how many canaries there have ever been of each length."""
    return [Counted(*row) for row in await connection.execute(_COUNTED)]


async def flights(connection: AsyncConnection) -> Sequence[Flight]:
    """Return how the canaries of each channel fared."""
    return [Flight(*row) for row in await connection.execute(_FLIGHTS)]
