"""What one person may see of themselves: what was sent to them lately, and what of it is still open."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

_RECENT = 60


class Heard(NamedTuple):
    """One ledger row of theirs, with the words of its update; `audience` says which of them they may read."""

    incident_id: int
    incident: str
    endpoint: str
    channel: str
    audience: int
    title: str
    titles: dict[str, Any]
    status: str
    state: str
    reason: str | None
    rule: str | None
    since: float
    due_at: float | None
    done_at: float | None
    update_id: int


class OpenIncident(NamedTuple):
    """An incident that they were told of, or are owed news about, and that is not over."""

    id: int
    public_id: str
    title: str
    titles: dict[str, Any]
    audience: int


async def heard(connection: AsyncConnection, endpoints: Sequence[int], limit: int = 20) -> list[Heard]:
    """Return the newest rows of the ledger for `endpoints`, of the last updates there were."""
    rows = await connection.execute(
        text("""
            SELECT u.incident_id, i.public_id, e.public_id, e.channel, d.audience, u.title, u.titles, u.status,
              d.state::text, d.reason, d.rule, d.since, d.due_at, d.done_at, u.id
            FROM (SELECT id FROM incident_update ORDER BY id DESC LIMIT :recent) r
              JOIN incident_update u ON u.id = r.id JOIN incident i ON i.id = u.incident_id
              JOIN delivery d ON d.update_id = u.id
              JOIN endpoint e ON e.id = d.endpoint_id
            WHERE d.endpoint_id = ANY(CAST(:endpoints AS int[]))
              AND d.bucket_id IN (SELECT bucket_id FROM endpoint WHERE id = ANY(CAST(:endpoints AS int[])))
              AND d.state <> 'superseded'
            ORDER BY u.id DESC, d.endpoint_id LIMIT :limit
        """).columns(titles=JSONB),
        {"endpoints": list(endpoints), "limit": limit, "recent": _RECENT},
    )
    return [Heard(*row) for row in rows]


async def open_incidents(connection: AsyncConnection, endpoints: Sequence[int], mask: int) -> list[OpenIncident]:
    """Return the open incidents that `endpoints` have rows for, in the audience of the newest one."""
    rows = await connection.execute(
        text("""
            SELECT DISTINCT ON (i.id) i.id, i.public_id, u.title, u.titles, d.audience
            FROM incident i JOIN incident_update u ON u.incident_id = i.id AND u.audiences & :mask <> 0
              JOIN delivery d ON d.update_id = u.id
            WHERE i.resolved_at IS NULL AND d.endpoint_id = ANY(CAST(:endpoints AS int[]))
              AND d.bucket_id IN (SELECT bucket_id FROM endpoint WHERE id = ANY(CAST(:endpoints AS int[])))
            ORDER BY i.id, u.id DESC
        """).columns(titles=JSONB),
        {"endpoints": list(endpoints), "mask": mask},
    )
    return [OpenIncident(*row) for row in rows]


async def look_again(connection: AsyncConnection, endpoints: Sequence[int]) -> list[str]:
    """Have workers look at what `endpoints` are owed now rather than when its wait would end; return the channels."""
    rows = await connection.execute(
        text("""
            UPDATE bucket SET gen = gen + 1, due_n = greatest(due_n, 1),
              due_at = CASE WHEN lease_until > tocsin_epoch() THEN due_at ELSE tocsin_epoch() END
            WHERE id IN (
              SELECT b.id FROM bucket b WHERE cardinality(b.live) > 0
                AND b.id IN (SELECT bucket_id FROM endpoint WHERE id = ANY(CAST(:endpoints AS int[])))
              ORDER BY b.id FOR UPDATE)
            RETURNING channel
        """),
        {"endpoints": list(endpoints)},
    )
    return [row.channel for row in rows]


async def now(connection: AsyncConnection) -> tuple[float, datetime]:
    found = await connection.execute(text("SELECT tocsin_epoch(), tocsin_now()"))
    at, moment = found.one()
    return float(at), moment
