"""What was put off because of a provider is due at once where that has changed: no wait is longer than its reason."""

from __future__ import annotations

from tocsin.domain.channel import ChannelName
from tocsin.store.engine import Connection

_WAITS = "d.reason = 'provider_down'"
# Refused for the first time, in no doubt, and there is another provider that carries.
_REFUSED = """
    d.provider = $2 AND d.reason IN ('retrying', 'provider_down') AND d.tries = 1 AND d.unknowns = 0
    AND EXISTS (SELECT FROM provider p WHERE p.channel = $1 AND p.name <> $2
      AND (p.wish = 'on' OR (p.wish = 'auto' AND p.breaker = 'closed')))
"""


async def wake_what_waits(connection: Connection, channel: ChannelName) -> None:
    """Have what is held for want of a provider go out now."""
    await _wake(connection, channel, _WAITS)


async def wake_what_it_refused(connection: Connection, channel: ChannelName, provider: str) -> None:
    """Have what a provider refused for the first time go out now, where another one carries on."""
    await _wake(connection, channel, _REFUSED, provider)


async def _wake(connection: Connection, channel: ChannelName, which: str, *values: str) -> None:
    await connection.execute(
        f"""
        WITH b AS (
          SELECT id, live FROM bucket WHERE channel = $1 AND due_at IS NOT NULL AND lease_until <= tocsin_epoch()
          ORDER BY id FOR UPDATE SKIP LOCKED
        ), d AS (
          UPDATE delivery d SET due_at = tocsin_epoch() FROM b
          WHERE d.bucket_id = b.id AND d.update_id = ANY(b.live) AND d.state = 'held' AND {which}
            AND d.due_at > tocsin_epoch() RETURNING d.bucket_id
        )
        UPDATE bucket SET due_at = least(due_at, tocsin_epoch()) WHERE id IN (SELECT bucket_id FROM d)
        """,
        channel,
        *values,
    )
