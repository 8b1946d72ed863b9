"""Components and their groups, and the promise to show them anew that each change comes with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.component import ComponentStatus, worst

# What may be changed; the names are columns.
GROUP_FIELDS: Final = frozenset({"name", "position"})
COMPONENT_FIELDS: Final = frozenset({"name", "description", "group_id", "internal", "position", "status"})

_COMPONENT = """
    SELECT c.*, g.slug AS group_slug FROM component c LEFT JOIN component_group g ON g.id = c.group_id
"""


@dataclass(frozen=True, slots=True)
class Group:
    id: int
    public_id: str
    slug: str
    name: str
    position: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Component:
    """`status` was set by hand, `current` is the worst of it and of what open incidents say."""

    id: int
    public_id: str
    slug: str
    name: str
    description: str | None
    group: str | None
    internal: bool
    position: int
    status: ComponentStatus
    current: ComponentStatus
    created_at: datetime
    updated_at: datetime


async def promise_page(connection: AsyncConnection) -> None:
    """Promise, in this transaction, that the status page will show how things stand."""
    await connection.execute(text("INSERT INTO outbox (kind, due_at) VALUES ('page', tocsin_epoch())"))


async def insert_group(connection: AsyncConnection, values: Mapping[str, Any]) -> bool:
    """Tell whether the group was written; its slug may be taken."""
    made = await connection.execute(
        text("""
            INSERT INTO component_group (public_id, slug, name, position) VALUES (:public_id, :slug, :name, :position)
            ON CONFLICT (slug) DO NOTHING RETURNING id
        """),
        values,
    )
    return made.one_or_none() is not None


async def change_group(connection: AsyncConnection, slug: str, changes: Mapping[str, Any]) -> bool:
    return await _change(connection, "component_group", GROUP_FIELDS, slug, changes)


async def find_group(connection: AsyncConnection, slug: str) -> Group | None:
    found = await connection.execute(text("SELECT * FROM component_group WHERE slug = :slug"), {"slug": slug})
    row = found.one_or_none()
    return None if row is None else _group(row)


async def read_groups(connection: AsyncConnection, after: Sequence[int] | None, limit: int) -> list[Group]:
    """Return `limit` groups behind the place `after` (position, id), in the order they are shown."""
    position, number = after or (-1, 0)
    rows = await connection.execute(
        text("""
            SELECT * FROM component_group WHERE (position, id) > (:position, :number)
            ORDER BY position, id LIMIT :limit
        """),
        {"position": position, "number": number, "limit": limit},
    )
    return [_group(row) for row in rows]


async def insert(connection: AsyncConnection, values: Mapping[str, Any]) -> bool:
    """Tell whether the component was written; its slug may be taken."""
    made = await connection.execute(
        text("""
            INSERT INTO component (public_id, slug, name, description, group_id, internal, position, status)
            VALUES (:public_id, :slug, :name, :description, :group_id, :internal, :position, :status)
            ON CONFLICT (slug) DO NOTHING RETURNING id
        """),
        values,
    )
    return made.one_or_none() is not None


async def change(connection: AsyncConnection, slug: str, changes: Mapping[str, Any]) -> bool:
    """Tell whether there was such a component to change; a state set by hand goes to its history."""
    if "status" in changes:
        await connection.execute(
            text("""
                INSERT INTO component_status (component_id, status)
                SELECT id, :status FROM component WHERE slug = :slug AND status <> :status
            """),
            {"slug": slug, "status": changes["status"]},
        )
    return await _change(connection, "component", COMPONENT_FIELDS, slug, changes)


async def find(connection: AsyncConnection, slug: str) -> Component | None:
    row = (await connection.execute(text(f"{_COMPONENT} WHERE c.slug = :slug"), {"slug": slug})).one_or_none()
    return None if row is None else _component(row, await _said_by_incidents(connection))


async def read(connection: AsyncConnection, after: Sequence[int] | None, limit: int) -> list[Component]:
    """Return `limit` components behind the place `after` (position, id), in the order they are shown."""
    position, number = after or (-1, 0)
    said = await _said_by_incidents(connection)
    rows = await connection.execute(
        text(f"""
            {_COMPONENT} WHERE (c.position, c.id) > (:position, :number) ORDER BY c.position, c.id LIMIT :limit
        """),
        {"position": position, "number": number, "limit": limit},
    )
    return [_component(row, said) for row in rows]


async def ids_of(connection: AsyncConnection, slugs: Sequence[str]) -> dict[str, int]:
    """Return the ids of those of `slugs` that name a component."""
    rows = await connection.execute(
        text("SELECT slug, id FROM component WHERE slug = ANY(:slugs)"), {"slugs": list(slugs)}
    )
    return {row.slug: row.id for row in rows}


async def _said_by_incidents(connection: AsyncConnection) -> dict[str, list[ComponentStatus]]:
    rows = await connection.execute(
        text("""
            SELECT s.key AS slug, s.value AS status
            FROM incident i JOIN incident_update u ON u.incident_id = i.id AND u.version = i.version,
              jsonb_each_text(u.components) s
            WHERE i.resolved_at IS NULL
        """)
    )
    said: dict[str, list[ComponentStatus]] = {}
    for row in rows:
        said.setdefault(row.slug, []).append(ComponentStatus(row.status))
    return said


async def _change(
    connection: AsyncConnection, table: str, fields: frozenset[str], slug: str, changes: Mapping[str, Any]
) -> bool:
    assert fields.issuperset(changes), "only columns named here are ever set"
    sets = "".join(f"{column} = :{column}, " for column in changes)
    changed = await connection.execute(
        text(f"UPDATE {table} SET {sets}updated_at = tocsin_now() WHERE slug = :slug RETURNING id"),
        {"slug": slug, **changes},
    )
    return changed.one_or_none() is not None


def _group(row: Row[Any]) -> Group:
    return Group(row.id, row.public_id, row.slug, row.name, row.position, row.created_at, row.updated_at)


def _component(row: Row[Any], said: Mapping[str, list[ComponentStatus]]) -> Component:
    status = ComponentStatus(row.status)
    return Component(
        id=row.id,
        public_id=row.public_id,
        slug=row.slug,
        name=row.name,
        description=row.description,
        group=row.group_slug,
        internal=row.internal,
        position=row.position,
        status=status,
        current=worst([status, *said.get(row.slug, [])]),
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
