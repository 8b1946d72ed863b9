"""Promises made in the same transaction as the facts they announce, and taken up by one worker at a time."""

from __future__ import annotations

from typing import NamedTuple

from tocsin.store.engine import Connection


class Promise(NamedTuple):
    id: int
    update_id: int
    lease: str


async def take(connection: Connection, lease_seconds: float) -> Promise | None:
    """Lease the most pressing fan-out that is due, None where there is none."""
    row = await connection.fetchrow(
        """
        UPDATE outbox SET due_at = tocsin_epoch() + $1::float8, lease = gen_random_uuid(), tries = tries + 1
        WHERE id = (
          SELECT id FROM outbox WHERE kind = 'fan_out' AND done_at IS NULL AND due_at <= tocsin_epoch()
          ORDER BY urgent DESC, id LIMIT 1 FOR UPDATE SKIP LOCKED)
        RETURNING id, update_id, lease::text
        """,
        lease_seconds,
    )
    return None if row is None else Promise(row["id"], row["update_id"], row["lease"])


async def renew(connection: Connection, promise: Promise, lease_seconds: float) -> bool:
    """Keep a promise leased while it is worked on; False where another worker has taken it over."""
    return (
        await connection.fetchval(
            """
        UPDATE outbox SET due_at = tocsin_epoch() + $3::float8
        WHERE id = $1 AND lease = $2::text::uuid AND done_at IS NULL RETURNING true
        """,
            promise.id,
            promise.lease,
            lease_seconds,
        )
        or False
    )


async def keep(connection: Connection, promise: Promise) -> None:
    """Mark a promise as kept."""
    await connection.execute(
        """
        UPDATE outbox SET done_at = tocsin_now(), due_at = NULL, lease = NULL
        WHERE id = $1 AND lease = $2::text::uuid AND done_at IS NULL
        """,
        promise.id,
        promise.lease,
    )


async def page_is_due(connection: Connection) -> list[int]:
    """Return the promises to render the page anew."""
    rows = await connection.fetch("SELECT id FROM outbox WHERE kind = 'page' AND done_at IS NULL")
    return [row["id"] for row in rows]


async def page_is_rendered(connection: Connection, promises: list[int]) -> None:
    """Mark promises to render the page as kept: what was read after they were made is on it."""
    await connection.execute(
        "UPDATE outbox SET done_at = tocsin_now(), due_at = NULL WHERE id = ANY($1::bigint[]) AND done_at IS NULL",
        promises,
    )


async def next_due(connection: Connection) -> float | None:
    """Return the seconds until a fan-out or a maintenance is due or a mute ends, negative when overdue, None: never."""
    seconds: float | None = await connection.fetchval(
        """
        SELECT least((SELECT min(due_at) FROM outbox WHERE kind = 'fan_out' AND done_at IS NULL),
          (SELECT min(until) FROM mute WHERE ended_at IS NULL),
          (SELECT min(due_at) FROM maintenance WHERE due_at IS NOT NULL)) - tocsin_epoch()
        """
    )
    return seconds
