"""Reads what visitors may know: public updates and components, and nothing that is only known inside.

No column of an incident that an internal update can change is read here (promise D6).
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.incident import Status


class PublicGroup(NamedTuple):
    id: str
    name: str
    position: int
    created_at: datetime
    updated_at: datetime


class PublicComponent(NamedTuple):
    id: str
    slug: str
    name: str
    description: str | None
    group: str | None
    position: int
    status: str
    created_at: datetime
    updated_at: datetime


class StatusChange(NamedTuple):
    """An operator set a component's state by hand."""

    slug: str
    status: str
    since: datetime


class PublicUpdate(NamedTuple):
    """One public update, and of its incident the id and when it began."""

    incident: str
    started_at: datetime
    version: int
    id: str
    status: str
    severity: int
    impact: str
    title: str
    titles: dict[str, str]
    body: str
    texts: dict[str, str]
    components: dict[str, str]
    next_update_at: datetime | None
    created_at: datetime
    scheduled_for: datetime | None
    scheduled_until: datetime | None


async def now(connection: AsyncConnection) -> datetime:
    found = await connection.execute(text("SELECT tocsin_now()"))
    at: datetime = found.scalar_one()
    return at


async def groups(connection: AsyncConnection) -> list[PublicGroup]:
    """Return the groups that hold a component that visitors may know of."""
    rows = await connection.execute(
        text("""
            SELECT g.public_id, g.name, g.position, g.created_at, g.updated_at FROM component_group g
            WHERE EXISTS (SELECT FROM component c WHERE c.group_id = g.id AND NOT c.internal)
            ORDER BY g.position, g.id
        """)
    )
    return [PublicGroup(*row) for row in rows]


async def components(connection: AsyncConnection) -> list[PublicComponent]:
    rows = await connection.execute(
        text("""
            SELECT c.public_id, c.slug, c.name, c.description, g.public_id, c.position, c.status, c.created_at,
              c.updated_at
            FROM component c LEFT JOIN component_group g ON g.id = c.group_id
            WHERE NOT c.internal ORDER BY c.position, c.id
        """)
    )
    return [PublicComponent(*row) for row in rows]


async def status_changes(connection: AsyncConnection, since: datetime) -> list[StatusChange]:
    """Return what was set by hand since `since`, and the last thing before it, oldest first."""
    rows = await connection.execute(
        text("""
            SELECT c.slug, s.status, s.since FROM component_status s JOIN component c ON c.id = s.component_id
            WHERE NOT c.internal AND s.since >= coalesce(
              (SELECT max(b.since) FROM component_status b WHERE b.component_id = c.id AND b.since <= :since), :since)
            ORDER BY s.since, s.id
        """),
        {"since": since},
    )
    return [StatusChange(*row) for row in rows]


async def updates(connection: AsyncConnection, since: datetime) -> list[PublicUpdate]:
    """Return the public updates of every incident that is open to visitors or was spoken of since `since`.

    They come incident by incident, the oldest update first.
    """
    rows = await connection.execute(
        text("""
            WITH latest AS (
              SELECT DISTINCT ON (incident_id) incident_id, status, created_at
              FROM incident_update WHERE is_public ORDER BY incident_id, version DESC
            )
            SELECT i.public_id, i.started_at, u.version, u.public_id, u.status, u.severity, u.impact, u.title, u.titles,
              u.body, u.texts, u.components, u.next_update_at, u.created_at, u.scheduled_for, u.scheduled_until
            FROM latest JOIN incident i ON i.id = latest.incident_id
            JOIN incident_update u ON u.incident_id = i.id AND u.is_public
            WHERE latest.status = ANY(:open) OR latest.created_at >= :since
            ORDER BY i.id, u.version
        """).columns(titles=JSONB, texts=JSONB, components=JSONB),
        {"since": since, "open": [status.value for status in Status if status.is_open]},
    )
    return [PublicUpdate(*row) for row in rows]
