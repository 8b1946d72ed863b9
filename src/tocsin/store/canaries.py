"""Canaries among the notices: the next one, and how the last ones fared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

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


async def flights(connection: AsyncConnection) -> Sequence[Flight]:
    """Return how the canaries of each channel fared."""
    return [Flight(*row) for row in await connection.execute(_FLIGHTS)]
