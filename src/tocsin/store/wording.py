"""Reads the words of updates and the names that stand in them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from tocsin.store.engine import Connection


class Words(NamedTuple):
    """One update with everything that a message may say of it."""

    update_id: int
    incident: str
    version: int
    status: str
    severity: int
    impact: str
    phase: int
    title: str
    titles: dict[str, str]
    body: str
    texts: dict[str, str]
    components: dict[str, str]
    next_update_at: datetime | None
    started_at: datetime
    created_at: datetime
    has_page: bool
    update: str
    scheduled_for: datetime | None = None
    scheduled_until: datetime | None = None


async def words_of(connection: Connection, updates: Sequence[int]) -> list[Words]:
    """Return what the given updates say; `has_page`: the incident is on the public page."""
    rows = await connection.fetch(
        """
        SELECT u.id, i.public_id, u.version, u.status, u.severity, u.impact, u.phase, u.title, u.titles, u.body,
          u.texts, u.components, u.next_update_at, coalesce(u.scheduled_for, i.started_at), u.created_at,
          EXISTS (SELECT 1 FROM incident_update p WHERE p.incident_id = i.id AND p.is_public),
          u.public_id, u.scheduled_for, u.scheduled_until
        FROM incident_update u JOIN incident i ON i.id = u.incident_id WHERE u.id = ANY($1::int[])
        """,
        updates,
    )
    return [Words(*row) for row in rows]


class Named(NamedTuple):
    """What a component is called; `is_internal`: the public does not read of it."""

    id: str
    name: str
    is_internal: bool


async def component_names(connection: Connection) -> dict[str, Named]:
    """Return what each component is called, by slug."""
    rows: list[Any] = await connection.fetch("SELECT slug, public_id, name, internal FROM component")
    return {row["slug"]: Named(row["public_id"], row["name"], row["internal"]) for row in rows}
