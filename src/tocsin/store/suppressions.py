"""Addresses that nobody may subscribe but their owner, kept sealed: who deletes everything stays deleted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


async def add(connection: AsyncConnection, channel: str, seals: Sequence[bytes], reason: str) -> None:
    await connection.execute(
        text("""
            INSERT INTO suppression (channel, seal, reason)
            SELECT :channel, s, :reason FROM unnest(CAST(:seals AS bytea[])) AS s ON CONFLICT DO NOTHING
        """),
        {"channel": channel, "seals": list(seals), "reason": reason},
    )


async def lift(connection: AsyncConnection, channel: str, seal: bytes) -> None:
    await connection.execute(
        text("DELETE FROM suppression WHERE channel = :channel AND seal = :seal"), {"channel": channel, "seal": seal}
    )


async def reason_of(connection: AsyncConnection, channel: str, seal: bytes) -> str | None:
    found: str | None = await connection.scalar(
        text("SELECT reason FROM suppression WHERE channel = :channel AND seal = :seal"),
        {"channel": channel, "seal": seal},
    )
    return found


async def among(connection: AsyncConnection, seals: Sequence[bytes]) -> dict[bytes, tuple[str, datetime]]:
    """Return those of `seals` that are suppressed, with the reason, and since when."""
    if not seals:
        return {}
    rows = await connection.execute(
        text("SELECT seal, reason, created_at FROM suppression WHERE seal = ANY(CAST(:seals AS bytea[]))"),
        {"seals": list(seals)},
    )
    return {bytes(row.seal): (row.reason, row.created_at) for row in rows}
