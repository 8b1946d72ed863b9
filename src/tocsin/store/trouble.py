"""Which addresses take nothing: noted with what came of each attempt, told to their owners, disabled after days of it.

Whoever locks both locks the trouble first and the endpoint then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.trouble import NOTICE_SECONDS, TELL_AFTER_FAILURES, TELL_AFTER_SECONDS, Trouble
from tocsin.store.engine import Connection
from tocsin.store.quarantine import CARRIERS

_AT_ONCE: Final = 500
# Another way to tell somebody is looked for again after this long.
_LOOK_AGAIN_SECONDS: Final = 3600.0
# A notice that nobody has sent for so long, since its channel is not set up any more, is not waited for.
_IS_WAITED_FOR: Final = """
    EXISTS (SELECT FROM notice n WHERE n.endpoint_id = t.endpoint_id AND n.kind = 'failing' AND n.outcome IS NULL
      AND n.created_at > tocsin_now() - interval '2 days')
"""


class Failed(NamedTuple):
    """An endpoint that did not take what it was sent, for a reason of its own."""

    endpoint_id: int
    note: str


async def write(connection: Connection, heard: Sequence[int], failed: Sequence[Failed], now: float) -> None:
    """Clear the trouble of endpoints that took something, and note it of those that failed, once each."""
    if heard:
        await connection.execute("DELETE FROM trouble WHERE endpoint_id = ANY($1::int[])", heard)
    if not failed:
        return
    first = {one.endpoint_id: one.note for one in reversed(failed)}
    await connection.execute(
        """
        INSERT INTO trouble (endpoint_id, since, last, failures, note)
        SELECT e.id, $3::float8, $3::float8, 1, x.note
        FROM unnest($1::int[], $2::text[]) x (id, note) JOIN endpoint e ON e.id = x.id ORDER BY e.id
        FOR KEY SHARE OF e
        ON CONFLICT (endpoint_id) DO UPDATE SET last = excluded.last, failures = trouble.failures + 1,
          note = excluded.note
        """,
        list(first),
        list(first.values()),
        now,
    )


async def promise_notices(connection: Connection) -> int:
    """Promise to tell the owners of what keeps failing, at another active address of theirs; return how many."""
    rows = await connection.fetch(
        f"""
        WITH t AS (
          UPDATE trouble SET looked_at = tocsin_epoch() WHERE endpoint_id IN (
            SELECT t.endpoint_id FROM trouble t JOIN endpoint e ON e.id = t.endpoint_id AND e.state = 'active'
            WHERE t.failures >= $2 AND t.last - t.since >= $3 AND t.told_at IS NULL
              AND (t.looked_at IS NULL OR t.looked_at <= tocsin_epoch() - $4::float8) AND NOT {_IS_WAITED_FOR}
            ORDER BY 1 LIMIT $5 FOR UPDATE OF t SKIP LOCKED)
          RETURNING endpoint_id, since
        ), n AS (
          INSERT INTO notice (kind, channel, address, address_key, locale, subscriber_id, endpoint_id)
          SELECT 'failing', other.channel, other.address, other.address_key, s.locale, s.id, e.id
          FROM t JOIN endpoint e ON e.id = t.endpoint_id JOIN subscriber s ON s.id = e.subscriber_id, LATERAL (
            SELECT o.channel, o.address, o.address_key FROM endpoint o
            WHERE o.subscriber_id = s.id AND o.state = 'active' AND o.id <> e.id AND o.channel = ANY($1::text[])
              AND NOT EXISTS (SELECT FROM trouble b WHERE b.endpoint_id = o.id)
              -- Where telling it was tried in vain, another one is next.
              AND NOT EXISTS (SELECT FROM notice n WHERE n.endpoint_id = e.id AND n.kind = 'failing'
                AND n.address_key = o.address_key AND n.created_at >= to_timestamp(t.since))
            ORDER BY array_position($1::text[], o.channel), o.id LIMIT 1) other
          RETURNING id
        )
        INSERT INTO outbox (kind, notice_id, due_at) SELECT 'notice', id, tocsin_epoch() FROM n RETURNING id
        """,
        CARRIERS,
        TELL_AFTER_FAILURES,
        TELL_AFTER_SECONDS,
        _LOOK_AGAIN_SECONDS,
        _AT_ONCE,
    )
    return len(rows)


async def told(connection: AsyncConnection, endpoint: int) -> None:
    """Note that the owner of a failing endpoint has been told."""
    await connection.execute(
        text("UPDATE trouble SET told_at = tocsin_epoch() WHERE endpoint_id = :endpoint"), {"endpoint": endpoint}
    )


async def of_endpoint(connection: AsyncConnection, endpoint: int) -> tuple[Trouble, float] | None:
    """Return the trouble of an endpoint and the time, None where it takes what it is sent."""
    found = await connection.execute(
        text("""
            SELECT since, last, failures, note, told_at, looked_at, tocsin_epoch() FROM trouble
            WHERE endpoint_id = :endpoint
        """),
        {"endpoint": endpoint},
    )
    row = found.one_or_none()
    return None if row is None else (Trouble(*row[:6]), row[6])


async def lock_over(connection: Connection, after: float) -> dict[int, Trouble]:
    """Lock and return what did nothing but fail for `after` seconds, and whose owners have been told long enough.

    Where there was no way to tell them, that is not waited for.
    """
    rows: Sequence[asyncpg.Record] = await connection.fetch(
        f"""
        SELECT t.endpoint_id, t.since, t.last, t.failures, t.note, t.told_at, t.looked_at
        FROM trouble t JOIN endpoint e ON e.id = t.endpoint_id AND e.state = 'active'
        WHERE t.failures >= $2 AND t.last - t.since >= $1::float8 AND t.looked_at IS NOT NULL
          AND CASE WHEN t.told_at IS NULL THEN NOT {_IS_WAITED_FOR} ELSE t.told_at <= tocsin_epoch() - $3::float8 END
        ORDER BY 1 LIMIT $4 FOR UPDATE OF t SKIP LOCKED
        """,
        after,
        TELL_AFTER_FAILURES,
        NOTICE_SECONDS,
        _AT_ONCE,
    )
    return {row["endpoint_id"]: Trouble(*list(row)[1:]) for row in rows}


async def disable(connection: Connection, because: Mapping[int, str]) -> None:
    """Put endpoints into quarantine, each for its reason; their fallbacks are owed what they have not taken."""
    await connection.execute(
        """
        WITH q AS (
          UPDATE endpoint e SET state = 'quarantined', state_reason = x.why, updated_at = tocsin_now()
          FROM unnest($1::int[], $2::text[]) x (id, why) WHERE e.id = x.id AND e.state = 'active'
          RETURNING e.id, e.bucket_id, e.fallback_id
        ), t AS (
          DELETE FROM trouble WHERE endpoint_id = ANY($1::int[])
        )
        INSERT INTO fallback_debt (endpoint_id, update_id, audience, since)
        SELECT q.id, d.update_id, d.audience, d.since
        FROM q JOIN bucket b ON b.id = q.bucket_id
          JOIN delivery d ON d.update_id = ANY(b.live) AND d.bucket_id = b.id AND d.endpoint_id = q.id
        WHERE q.fallback_id IS NOT NULL AND d.state IN ('pending', 'held', 'unknown')
        ON CONFLICT DO NOTHING
        """,
        list(because),
        list(because.values()),
    )


async def forget(connection: AsyncConnection, endpoint: int) -> None:
    """Forget the trouble of an endpoint that begins anew."""
    await connection.execute(text("DELETE FROM trouble WHERE endpoint_id = :endpoint"), {"endpoint": endpoint})
