"""Templates of updates, by name."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.update_template import Wording
from tocsin.store.engine import Connection

_SELECT = "SELECT id, name, title, titles, body, texts, changed_by, created_at, updated_at FROM template"
_VALUES = "name, title, titles, body, texts, changed_by"
_INSERT = f"""
    INSERT INTO template ({_VALUES})
    VALUES (:name, :title, CAST(:titles AS jsonb), :body, CAST(:texts AS jsonb), :changed_by)
"""


@dataclass(frozen=True, slots=True)
class UpdateTemplate:
    id: int
    name: str
    wording: Wording
    changed_by: str
    created_at: datetime
    updated_at: datetime


async def insert(connection: AsyncConnection, name: str, wording: Wording, changed_by: str) -> bool:
    """Tell whether the template was written; its name may be taken."""
    made = await connection.execute(
        text(f"{_INSERT} ON CONFLICT (name) DO NOTHING"), _values(name, wording, changed_by)
    )
    return made.rowcount > 0


async def write(connection: AsyncConnection, name: str, wording: Wording, changed_by: str) -> bool:
    """Write a template, in the place of the one there may be; tell whether it is new."""
    made = await connection.execute(
        text(f"""
            {_INSERT} ON CONFLICT (name) DO UPDATE SET title = excluded.title, titles = excluded.titles,
              body = excluded.body, texts = excluded.texts, changed_by = excluded.changed_by,
              updated_at = tocsin_now()
            RETURNING xmax = 0
        """),
        _values(name, wording, changed_by),
    )
    return bool(made.scalar_one())


async def find(connection: AsyncConnection, name: str, *, lock: bool = False) -> UpdateTemplate | None:
    """Return the template so named; `lock` it against other writers until the transaction ends."""
    found = await connection.execute(
        text(f"{_SELECT} WHERE name = :name{' FOR UPDATE' if lock else ''}").columns(titles=JSONB, texts=JSONB),
        {"name": name},
    )
    row = found.one_or_none()
    return None if row is None else _template(row)


async def wording(connection: Connection, name: str) -> Wording | None:
    """Return the words of the template so named."""
    row = await connection.fetchrow("SELECT title, titles::text, body, texts::text FROM template WHERE name = $1", name)
    return (
        None if row is None else Wording(row["title"], row["body"], json.loads(row["titles"]), json.loads(row["texts"]))
    )


async def read_page(connection: AsyncConnection, after: int | None, limit: int) -> Sequence[UpdateTemplate]:
    """Return `limit` templates behind number `after`, oldest first."""
    found = await connection.execute(
        text(f"{_SELECT} WHERE id > :after ORDER BY id LIMIT :limit").columns(titles=JSONB, texts=JSONB),
        {"after": after or 0, "limit": limit},
    )
    return [_template(row) for row in found]


async def delete(connection: AsyncConnection, name: str) -> bool:
    gone = await connection.execute(text("DELETE FROM template WHERE name = :name"), {"name": name})
    return gone.rowcount > 0


def _values(name: str, wording: Wording, changed_by: str) -> dict[str, Any]:
    return {
        "name": name,
        "title": wording.title,
        "titles": json.dumps(dict(wording.titles)),
        "body": wording.body,
        "texts": json.dumps(dict(wording.texts)),
        "changed_by": changed_by,
    }


def _template(row: Row[Any]) -> UpdateTemplate:
    wording = Wording(row.title, row.body, row.titles, row.texts)
    return UpdateTemplate(row.id, row.name, wording, row.changed_by, row.created_at, row.updated_at)
