"""Questions that wait for the yes of whoever is at an address."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.opting_in import CODE_SECONDS, OptIn, Outcome, Purpose

_SELECT = """
    SELECT o.id, o.purpose, o.channel, o.address, o.address_key, o.seal, o.subscriber_id, o.endpoint_id, o.wanted,
      o.locale, o.network, o.wording, o.browser, CASE WHEN o.code_until > tocsin_epoch() THEN o.code END AS code,
      o.tries, o.created_at, o.expires_at <= tocsin_now() AS is_expired, o.outcome
    FROM opt_in o
"""


async def insert(
    connection: AsyncConnection,
    *,
    purpose: Purpose,
    channel: str,
    address: str,
    key: str,
    seal: bytes,
    subscriber_id: int | None,
    endpoint_id: int | None,
    wanted: Mapping[str, Any],
    locale: str,
    network: str,
    wording: str,
    browser: bytes | None,
    hours: float,
) -> int:
    """Write a question and return its number; it is good for `hours`."""
    made = await connection.execute(
        text("""
            INSERT INTO opt_in (purpose, channel, address, address_key, seal, subscriber_id, endpoint_id, wanted,
              locale, network, wording, browser, expires_at)
            VALUES (:purpose, :channel, :address, :key, :seal, :subscriber_id, :endpoint_id, CAST(:wanted AS jsonb),
              :locale, :network, :wording, :browser, tocsin_now() + make_interval(secs => :seconds))
            RETURNING id
        """),
        {
            "purpose": purpose,
            "channel": channel,
            "address": address,
            "key": key,
            "seal": seal,
            "subscriber_id": subscriber_id,
            "endpoint_id": endpoint_id,
            "wanted": json.dumps(dict(wanted)),
            "locale": locale,
            "network": network,
            "wording": wording,
            "browser": browser,
            "seconds": hours * 3600,
        },
    )
    number: int = made.scalar_one()
    return number


async def by_link(connection: AsyncConnection, sha256: bytes, *, lock: bool = False) -> OptIn | None:
    """Return the question that a link leads to; `lock` it until the transaction ends."""
    return await _one(
        connection,
        "JOIN link l ON l.opt_in_id = o.id WHERE l.sha256 = :sha256 AND l.purpose = 'confirm'",
        {"sha256": sha256},
        lock=lock,
    )


async def by_browser(connection: AsyncConnection, sha256: bytes, *, lock: bool = False) -> OptIn | None:
    """Return the newest question that a browser has asked."""
    where = "WHERE o.browser = :sha256 ORDER BY o.id DESC LIMIT 1"
    return await _one(connection, where, {"sha256": sha256}, lock=lock)


async def by_id(connection: AsyncConnection, opt_in: int) -> OptIn | None:
    return await _one(connection, "WHERE o.id = :id", {"id": opt_in}, lock=False)


async def _one(connection: AsyncConnection, where: str, values: Mapping[str, Any], *, lock: bool) -> OptIn | None:
    found = await connection.execute(text(f"{_SELECT} {where}{' FOR UPDATE OF o' if lock else ''}"), values)
    row = found.one_or_none()
    return None if row is None else _opt_in(row)


async def settle(connection: AsyncConnection, opt_in: int, outcome: Outcome | None) -> None:
    """Write how a question ended; None: it is open again."""
    await connection.execute(
        text("""
            UPDATE opt_in SET outcome = CAST(:outcome AS text), code = NULL, code_until = NULL,
              settled_at = CASE WHEN CAST(:outcome AS text) IS NOT NULL THEN tocsin_now() END WHERE id = :id
        """),
        {"id": opt_in, "outcome": outcome},
    )


async def tried(connection: AsyncConnection, opt_in: int) -> None:
    """Count a code that was wrong."""
    await connection.execute(text("UPDATE opt_in SET tries = tries + 1 WHERE id = :id"), {"id": opt_in})


async def set_code(connection: AsyncConnection, opt_in: int, code: bytes) -> None:
    """Keep the sealed code that is about to be sent, for ten minutes; wrong tries of the one before stay counted."""
    await connection.execute(
        text("UPDATE opt_in SET code = :code, code_until = tocsin_epoch() + :seconds WHERE id = :id"),
        {"id": opt_in, "code": code, "seconds": CODE_SECONDS},
    )


async def of_subscriber(connection: AsyncConnection, subscriber: int) -> list[OptIn]:
    """Return a subscriber's questions that are still open, newest first."""
    rows = await connection.execute(
        text(f"""
            {_SELECT} WHERE o.subscriber_id = :subscriber AND o.outcome IS NULL AND o.expires_at > tocsin_now()
            ORDER BY o.id DESC
        """),
        {"subscriber": subscriber},
    )
    return [_opt_in(row) for row in rows]


async def forget_address(connection: AsyncConnection, seal: bytes) -> None:
    """Delete all that was ever asked of an address."""
    await connection.execute(text("DELETE FROM opt_in WHERE seal = :seal"), {"seal": seal})


def _opt_in(row: Row[Any]) -> OptIn:
    return OptIn(
        id=row.id,
        purpose=Purpose(row.purpose),
        channel=row.channel,
        address=row.address,
        key=row.address_key,
        seal=row.seal,
        subscriber_id=row.subscriber_id,
        endpoint_id=row.endpoint_id,
        wanted=row.wanted,
        locale=row.locale,
        network=row.network,
        wording=row.wording,
        browser=row.browser,
        code=row.code,
        tries=row.tries,
        created_at=row.created_at,
        is_expired=row.is_expired,
        outcome=None if row.outcome is None else Outcome(row.outcome),
    )
