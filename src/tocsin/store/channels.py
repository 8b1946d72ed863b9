"""What operators did to a channel: whether it is paused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.store.engine import PAUSE_LOCK


@dataclass(frozen=True, slots=True)
class Pause:
    paused_at: datetime
    paused_by: str


async def read_pauses(connection: AsyncConnection) -> dict[str, Pause]:
    """Return which channels are paused, since when and by whom."""
    rows = await connection.execute(text("SELECT name, paused_at, paused_by FROM channel WHERE paused_at IS NOT NULL"))
    return {row.name: Pause(row.paused_at, row.paused_by or "") for row in rows}


async def pause(connection: AsyncConnection, name: str, by: str) -> None:
    """Pause a channel; one that is paused already stays as it is.

    Claims that are under way end first, and those that come wait for the commit: no batch begins after that.
    """
    await connection.execute(
        text("SELECT pg_advisory_xact_lock(:lock, hashtext(:name))"), {"lock": PAUSE_LOCK, "name": name}
    )
    await connection.execute(
        text("""
            INSERT INTO channel (name, paused_at, paused_by) VALUES (:name, tocsin_now(), :by)
            ON CONFLICT (name) DO UPDATE SET paused_at = tocsin_now(), paused_by = :by WHERE channel.paused_at IS NULL
        """),
        {"name": name, "by": by},
    )


async def resume(connection: AsyncConnection, name: str) -> None:
    await connection.execute(
        text("UPDATE channel SET paused_at = NULL, paused_by = NULL WHERE name = :name"), {"name": name}
    )
