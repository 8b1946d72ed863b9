"""Promises to tell somebody that one of their addresses takes no more messages, at another one of theirs."""

from __future__ import annotations

from typing import Final

from tocsin.store.engine import Connection

# Where such news goes first.
CARRIERS: Final = ["email", "chat", "sms"]
_AT_ONCE: Final = 500


async def promise_notices(connection: Connection) -> int:
    """Promise one notice for each address in quarantine that none was promised for; return how many.

    Where there is no other address nobody is told, and the mark is set all the same.
    """
    rows = await connection.fetch(
        """
        WITH q AS (
          UPDATE endpoint SET quarantine_told = true WHERE id IN (
            SELECT id FROM endpoint WHERE state = 'quarantined' AND NOT quarantine_told ORDER BY id LIMIT $2
            FOR UPDATE SKIP LOCKED)
          RETURNING id, subscriber_id
        ), n AS (
          INSERT INTO notice (kind, channel, address, address_key, locale, subscriber_id, endpoint_id)
          SELECT 'quarantined', other.channel, other.address, other.address_key, s.locale, q.subscriber_id, q.id
          FROM q JOIN subscriber s ON s.id = q.subscriber_id, LATERAL (
            SELECT e.channel, e.address, e.address_key FROM endpoint e
            WHERE e.subscriber_id = q.subscriber_id AND e.state IN ('active', 'paused') AND e.id <> q.id
              AND e.channel = ANY($1::text[])
            ORDER BY e.state, array_position($1::text[], e.channel), e.id LIMIT 1) other
          RETURNING id
        )
        INSERT INTO outbox (kind, notice_id, due_at) SELECT 'notice', id, tocsin_epoch() FROM n RETURNING id
        """,
        CARRIERS,
        _AT_ONCE,
    )
    return len(rows)
