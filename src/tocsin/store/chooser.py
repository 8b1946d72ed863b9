"""What people may choose from: the public components, in their groups, as the status page shows them."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


class Choice(NamedTuple):
    slug: str
    name: str


class Choosable(NamedTuple):
    """A group with its components; those of no group come first, under a group without slug."""

    group: Choice
    components: list[Choice]


async def read(connection: AsyncConnection) -> list[Choosable]:
    """Return the components that visitors may know of."""
    rows = await connection.execute(
        text("""
            SELECT c.slug, c.name, coalesce(g.slug, '') AS group_slug, coalesce(g.name, '') AS group_name
            FROM component c LEFT JOIN component_group g ON g.id = c.group_id
            WHERE NOT c.internal ORDER BY g.id IS NOT NULL, g.position, g.id, c.position, c.id
        """)
    )
    found: list[Choosable] = []
    for row in rows:
        if not found or found[-1].group.slug != row.group_slug:
            found.append(Choosable(Choice(row.group_slug, row.group_name), []))
        found[-1].components.append(Choice(row.slug, row.name))
    return found


def names(choices: list[Choosable]) -> dict[str, str]:
    """Return the names of components and groups by their slugs."""
    found = {one.group.slug: one.group.name for one in choices}
    return found | {component.slug: component.name for one in choices for component in one.components}
