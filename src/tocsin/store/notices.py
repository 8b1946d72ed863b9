"""Notices: promised with the facts that they are about, leased by one worker at a time, and what came of them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.notice import NoticeKind


@dataclass(frozen=True, slots=True)
class Promised:
    """A notice to be sent; `lease` fences off whoever else may think that it is theirs."""

    id: int
    promise: int
    lease: str
    tries: int
    age: float
    kind: NoticeKind
    channel: str
    address: str
    key: str
    locale: str
    opt_in_id: int | None
    subscriber_id: int | None
    endpoint_id: int | None


_PROMISE = text("""
    WITH n AS (
      INSERT INTO notice (kind, channel, address, address_key, locale, opt_in_id, subscriber_id, endpoint_id)
      VALUES (:kind, :channel, :address, :key, :locale, :opt_in, :subscriber, :endpoint) RETURNING id
    )
    INSERT INTO outbox (kind, notice_id, due_at) SELECT 'notice', id, tocsin_epoch() FROM n
""")
_TAKE = text("""
    WITH t AS (
      SELECT o.id FROM outbox o JOIN notice n ON n.id = o.notice_id
      WHERE o.kind = 'notice' AND o.done_at IS NULL AND o.due_at <= tocsin_epoch() AND n.channel = :channel
      ORDER BY o.due_at LIMIT :limit FOR UPDATE OF o SKIP LOCKED
    )
    UPDATE outbox o SET due_at = tocsin_epoch() + :seconds, lease = gen_random_uuid(), tries = tries + 1
    FROM t, notice n WHERE o.id = t.id AND n.id = o.notice_id
    RETURNING n.id, o.id AS promise, o.lease::text AS lease, o.tries,
      extract(epoch FROM tocsin_now() - n.created_at)::float8 AS age, n.kind, n.channel, n.address, n.address_key,
      n.locale, n.opt_in_id, n.subscriber_id, n.endpoint_id
""")


async def promise(
    connection: AsyncConnection,
    kind: NoticeKind,
    *,
    channel: str,
    address: str,
    key: str,
    locale: str,
    opt_in: int | None = None,
    subscriber: int | None = None,
    endpoint: int | None = None,
) -> None:
    """Promise a notice in this transaction."""
    await connection.execute(
        _PROMISE,
        {
            "kind": kind,
            "channel": channel,
            "address": address,
            "key": key,
            "locale": locale,
            "opt_in": opt_in,
            "subscriber": subscriber,
            "endpoint": endpoint,
        },
    )


async def take(connection: AsyncConnection, channel: str, limit: int, seconds: float) -> list[Promised]:
    """Lease the notices that are due on `channel`."""
    rows = await connection.execute(_TAKE, {"channel": channel, "limit": limit, "seconds": seconds})
    return [
        Promised(
            id=row.id,
            promise=row.promise,
            lease=row.lease,
            tries=row.tries,
            age=row.age,
            kind=NoticeKind(row.kind),
            channel=row.channel,
            address=row.address,
            key=row.address_key,
            locale=row.locale,
            opt_in_id=row.opt_in_id,
            subscriber_id=row.subscriber_id,
            endpoint_id=row.endpoint_id,
        )
        for row in rows
    ]


async def end(connection: AsyncConnection, notice: Promised, outcome: str, note: str, provider_id: str = "") -> None:
    """Write what came of a notice; the promise is kept."""
    kept = await connection.execute(
        text("""
            UPDATE outbox SET done_at = tocsin_now(), due_at = NULL, lease = NULL
            WHERE id = :promise AND lease = CAST(:lease AS uuid) AND done_at IS NULL
        """),
        {"promise": notice.promise, "lease": notice.lease},
    )
    if kept.rowcount:
        await connection.execute(
            text("UPDATE notice SET outcome = :outcome, note = :note, provider_id = :provider_id WHERE id = :id"),
            {"id": notice.id, "outcome": outcome, "note": note or None, "provider_id": provider_id or None},
        )


async def again(connection: AsyncConnection, notice: Promised, seconds: float, note: str) -> None:
    """Put a notice off: it is tried again in so many seconds."""
    values = {"promise": notice.promise, "lease": notice.lease, "seconds": seconds, "id": notice.id, "note": note}
    await connection.execute(
        text("""
            UPDATE outbox SET due_at = tocsin_epoch() + :seconds, lease = NULL
            WHERE id = :promise AND lease = CAST(:lease AS uuid) AND done_at IS NULL
        """),
        values,
    )
    await connection.execute(text("UPDATE notice SET note = :note WHERE id = :id"), values)


async def put_off(connection: AsyncConnection, notice: Promised, seconds: float, note: str = "") -> None:
    """Give a notice back for so many seconds: it was not tried; `note` says why, where a provider did."""
    values = {"promise": notice.promise, "lease": notice.lease, "seconds": seconds, "id": notice.id, "note": note}
    await connection.execute(
        text("""
            UPDATE outbox SET due_at = tocsin_epoch() + :seconds, lease = NULL, tries = tries - 1
            WHERE id = :promise AND lease = CAST(:lease AS uuid) AND done_at IS NULL
        """),
        values,
    )
    if note:
        await connection.execute(text("UPDATE notice SET note = :note WHERE id = :id"), values)
