"""Operators' accounts as stored: passwords as Argon2."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


async def insert(connection: AsyncConnection, email: str, password: str) -> bool:
    """Tell whether the account was made; one with this address may be there, however it is written."""
    made = await connection.execute(
        text("""
            INSERT INTO operator (email, password)
            SELECT :email, :password WHERE NOT EXISTS (SELECT FROM operator WHERE lower(email) = lower(:email))
            ON CONFLICT (email) DO NOTHING RETURNING id
        """),
        {"email": email, "password": password},
    )
    return made.one_or_none() is not None


async def change_password(connection: AsyncConnection, email: str, password: str) -> None:
    """Set an account's password and end its sessions."""
    await connection.execute(
        text("""
            WITH o AS (UPDATE operator SET password = :password WHERE lower(email) = lower(:email) RETURNING id)
            DELETE FROM operator_session WHERE operator_id IN (SELECT id FROM o)
        """),
        {"email": email, "password": password},
    )


async def are_there(connection: AsyncConnection) -> bool:
    """Tell whether anybody has an account."""
    return bool((await connection.execute(text("SELECT EXISTS (SELECT FROM operator)"))).scalar_one())
