"""Opting an endpoint out, and ending what it is still owed."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


class StoredEndpoint(NamedTuple):
    channel: str
    address: str
    state: str
    locale: str


async def find(connection: AsyncConnection, endpoint: int) -> StoredEndpoint | None:
    rows = await connection.execute(
        text("""
            SELECT e.channel, e.address, e.state::text, s.locale FROM endpoint e
            JOIN subscriber s ON s.id = e.subscriber_id WHERE e.id = :endpoint AND e.channel <> 'status_page'
        """),
        {"endpoint": endpoint},
    )
    row = rows.one_or_none()
    return None if row is None else StoredEndpoint(*row)


async def find_by_address(connection: AsyncConnection, channel: str, key: str) -> int | None:
    """Return the endpoint of an address, None where nobody here has it."""
    found: int | None = await connection.scalar(
        text("SELECT id FROM endpoint WHERE channel = :channel AND address_key = :key"),
        {"channel": channel, "key": key},
    )
    return found


async def opt_in(connection: AsyncConnection, endpoint: int) -> bool:
    """Write to an endpoint again that had opted out; return whether it had."""
    changed = await connection.execute(
        text("""
            UPDATE endpoint SET state = 'active', state_reason = NULL, updated_at = tocsin_now()
            WHERE id = :endpoint AND state = 'opted_out'
        """),
        {"endpoint": endpoint},
    )
    return changed.rowcount > 0


async def opt_out(connection: AsyncConnection, endpoint: int, why: str = "unsubscribed by link") -> bool:
    """Set the endpoint opted out and suppress its unfinished rows; return whether there is such an endpoint."""
    found = await connection.execute(
        text("""
            UPDATE endpoint SET state = 'opted_out', updated_at = tocsin_now(),
              state_reason = CASE WHEN state = 'opted_out' THEN state_reason ELSE :why END
            WHERE id = :endpoint AND channel <> 'status_page' RETURNING bucket_id
        """),
        {"endpoint": endpoint, "why": why},
    )
    row = found.one_or_none()
    if row is None:
        return False
    await connection.execute(
        text("""
            UPDATE delivery SET state = 'suppressed', reason = 'opted_out', due_at = NULL, done_at = tocsin_epoch()
            WHERE (update_id, bucket_id, endpoint_id) IN (
              SELECT d.update_id, d.bucket_id, d.endpoint_id FROM delivery d
              WHERE d.bucket_id = :bucket AND d.endpoint_id = :endpoint AND d.state IN ('held', 'pending', 'unknown')
                AND d.update_id = ANY((SELECT live FROM bucket WHERE id = :bucket)::int[])
              ORDER BY d.update_id FOR UPDATE
            )
        """),
        {"bucket": row.bucket_id, "endpoint": endpoint},
    )
    return True
