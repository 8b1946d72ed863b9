"""What operators silence for a while: which updates are muted where, and what is taken up again when that ends."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.channel import ChannelName
from tocsin.store.engine import Connection

# An update by its id, and one that nobody has written, by its row as JSON.
WRITTEN: Final = "(SELECT * FROM incident_update WHERE id = $1)"
MEANT: Final = "jsonb_populate_record(NULL::incident_update, $1::text::jsonb)"
_ACTIVE: Final = "m.ended_at IS NULL AND m.until > tocsin_epoch()"
COVERS: Final = """(m.incident_id IS NULL OR m.incident_id = u.incident_id)
  AND (m.component_id IS NULL OR u.components ? (SELECT c.slug FROM component c WHERE c.id = m.component_id))"""
# What it silenced is written anew, by the rules and for those who are there now: rows that were muted are not final.
_TAKE_UP: Final = f"""
    UPDATE outbox o SET done_at = NULL, due_at = tocsin_epoch(), lease = NULL, tries = 0
    FROM incident_update u, mute m
    WHERE o.update_id = u.id AND o.kind = 'fan_out' AND o.done_at IS NOT NULL AND m.id = :id AND {COVERS}
      AND EXISTS (SELECT FROM delivery d WHERE d.update_id = u.id AND d.state = 'suppressed' AND d.reason = 'muted')
"""
_MUTE: Final = """
    SELECT m.id, m.public_id, m.channel, m.reason, m.until, m.created_by, m.created_at, m.ended_at, m.ended_by,
      i.public_id AS incident, 'INC-' || i.id AS ref, c.slug AS component
    FROM mute m LEFT JOIN incident i ON i.id = m.incident_id LEFT JOIN component c ON c.id = m.component_id
"""


@dataclass(frozen=True, slots=True)
class Mute:
    """What is not named does not narrow it down. `ended_at`: what was owed meanwhile has been taken up again."""

    id: int
    public_id: str
    channel: str | None
    reason: str
    until: float
    created_by: str
    created_at: datetime
    ended_at: datetime | None
    ended_by: str | None
    incident: str | None
    ref: str | None
    component: str | None


async def muted_channels(connection: Connection, source: str, update: int | str) -> list[ChannelName]:
    """Return the channels on which nobody is to hear of an update for now: one that is WRITTEN, or MEANT."""
    rows = await connection.fetch(
        f"SELECT DISTINCT m.channel FROM mute m, {source} u WHERE {_ACTIVE} AND {COVERS}", update
    )
    everywhere = any(row["channel"] is None for row in rows)
    found = list(ChannelName) if everywhere else [ChannelName(row["channel"]) for row in rows]
    return [channel for channel in found if channel is not ChannelName.STATUS_PAGE]


async def muted_updates(connection: Connection, updates: list[int], channel: ChannelName) -> frozenset[int]:
    """Return those of `updates` of which nobody is to hear on `channel` for now."""
    if channel is ChannelName.STATUS_PAGE:
        return frozenset()
    rows = await connection.fetch(
        f"""
        SELECT u.id FROM incident_update u WHERE u.id = ANY($1::int[]) AND EXISTS (
          SELECT 1 FROM mute m WHERE {_ACTIVE} AND (m.channel IS NULL OR m.channel = $2) AND {COVERS})
        """,
        updates,
        channel,
    )
    return frozenset(row["id"] for row in rows)


async def insert(connection: AsyncConnection, values: dict[str, Any]) -> None:
    """Write a mute; `values` has its columns."""
    await connection.execute(
        text("""
            INSERT INTO mute (public_id, incident_id, component_id, channel, reason, until, created_by)
            VALUES (:public_id, :incident_id, :component_id, :channel, :reason, :until, :created_by)
        """),
        values,
    )


async def read(connection: AsyncConnection, *, ended: bool, limit: int = 200) -> list[Mute]:
    """Return the newest mutes: those in force or about to be taken up again, or all."""
    where = "" if ended else "WHERE m.ended_at IS NULL"
    rows = await connection.execute(text(f"{_MUTE} {where} ORDER BY m.id DESC LIMIT :limit"), {"limit": limit})
    return [Mute(*row) for row in rows]


async def find(connection: AsyncConnection, public_id: str, *, lock: bool = False) -> Mute | None:
    if not (public_id.isascii() and public_id.isalnum()):
        return None
    rows = await connection.execute(
        text(f"{_MUTE} WHERE m.public_id = :public_id {'FOR UPDATE OF m' if lock else ''}"), {"public_id": public_id}
    )
    row = rows.one_or_none()
    return None if row is None else Mute(*row)


async def over(connection: AsyncConnection) -> list[int]:
    """Lock and return the mutes whose time is over and whose silence is not."""
    rows = await connection.execute(
        text("""
            SELECT id FROM mute WHERE ended_at IS NULL AND until <= tocsin_epoch() ORDER BY id FOR UPDATE SKIP LOCKED
        """)
    )
    return [row.id for row in rows]


async def end(connection: AsyncConnection, mute: int, ended_by: str) -> int:
    """End a mute and take up what it silenced; return how many updates are fanned out again."""
    await connection.execute(
        text("UPDATE mute SET ended_at = tocsin_now(), ended_by = :by WHERE id = :id AND ended_at IS NULL"),
        {"id": mute, "by": ended_by},
    )
    taken_up = await connection.execute(text(_TAKE_UP), {"id": mute})
    return taken_up.rowcount
