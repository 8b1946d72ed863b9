"""Operators' sessions: known by the hash of a secret that only the browser has."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


class StoredOperator(NamedTuple):
    id: int
    email: str
    password: str


async def operator_by_email(connection: AsyncConnection, email: str) -> StoredOperator | None:
    rows = await connection.execute(
        text("SELECT id, email, password FROM operator WHERE lower(email) = lower(:email) ORDER BY id LIMIT 1"),
        {"email": email},
    )
    row = rows.one_or_none()
    return None if row is None else StoredOperator(*row)


async def insert(connection: AsyncConnection, digest: bytes, operator_id: int) -> None:
    await connection.execute(
        text("INSERT INTO operator_session (sha256, operator_id) VALUES (:digest, :operator)"),
        {"digest": digest, "operator": operator_id},
    )


async def find(connection: AsyncConnection, digest: bytes, *, idle_minutes: int, hours: int) -> tuple[int, str] | None:
    """Return the operator's id and e-mail address, None where the session is over or never was."""
    rows = await connection.execute(
        text("""
            SELECT o.id, o.email FROM operator_session s JOIN operator o ON o.id = s.operator_id
            WHERE s.sha256 = :digest AND s.seen_at > tocsin_now() - make_interval(mins => :idle)
              AND s.created_at > tocsin_now() - make_interval(hours => :hours)
        """),
        {"digest": digest, "idle": idle_minutes, "hours": hours},
    )
    row = rows.one_or_none()
    return None if row is None else (row.id, row.email)


async def touch(connection: AsyncConnection, digest: bytes) -> None:
    """Note that the operator did something; once a minute is enough."""
    await connection.execute(
        text("""
            UPDATE operator_session SET seen_at = tocsin_now()
            WHERE sha256 = :digest AND seen_at < tocsin_now() - interval '1 minute'
        """),
        {"digest": digest},
    )


async def end(connection: AsyncConnection, digest: bytes) -> None:
    await connection.execute(text("DELETE FROM operator_session WHERE sha256 = :digest"), {"digest": digest})


async def remove_old(connection: AsyncConnection, *, hours: int) -> None:
    """Forget sessions that can't come back."""
    await connection.execute(
        text("DELETE FROM operator_session WHERE created_at <= tocsin_now() - make_interval(hours => :hours)"),
        {"hours": hours},
    )
