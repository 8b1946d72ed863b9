"""Links that notices carry, kept as hashes: each for one purpose, and for a while."""

from __future__ import annotations

import secrets
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.asking import digest


class Holder(NamedTuple):
    """Whose a manage link is, and whether its time is over."""

    subscriber_id: int
    public_id: str
    is_expired: bool


async def make(
    connection: AsyncConnection, *, hours: float, opt_in: int | None = None, subscriber: int | None = None
) -> str:
    """Make a link that confirms the question `opt_in`, or manages what `subscriber` chose; return its token."""
    token = secrets.token_urlsafe(32)
    await connection.execute(
        text("""
            INSERT INTO link (sha256, purpose, opt_in_id, subscriber_id, expires_at)
            VALUES (:sha256, :purpose, :opt_in, :subscriber, tocsin_now() + make_interval(secs => :seconds))
        """),
        {
            "sha256": digest(token),
            "purpose": "confirm" if opt_in is not None else "manage",
            "opt_in": opt_in,
            "subscriber": subscriber,
            "seconds": hours * 3600,
        },
    )
    return token


async def holder(connection: AsyncConnection, token: str) -> Holder | None:
    """Return whose manage link `token` is, None for any other text."""
    found = await connection.execute(
        text("""
            SELECT l.subscriber_id, s.public_id, l.expires_at <= tocsin_now() AS is_expired
            FROM link l JOIN subscriber s ON s.id = l.subscriber_id WHERE l.sha256 = :sha256 AND l.purpose = 'manage'
        """),
        {"sha256": digest(token)},
    )
    row = found.one_or_none()
    return None if row is None else Holder(*row)


async def end_all(connection: AsyncConnection, subscriber: int, but: str = "") -> None:
    """End every manage link of a subscriber `but` the one in hand."""
    await connection.execute(
        text("DELETE FROM link WHERE subscriber_id = :subscriber AND sha256 <> :kept"),
        {"subscriber": subscriber, "kept": digest(but)},
    )
