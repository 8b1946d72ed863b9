"""What other systems have reported, by source and by the name that they give to a trouble."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:source || ':' || :key, 0))")
_FIND = text("""
    SELECT s.said, i.public_id AS incident, 'INC-' || i.id AS ref, i.resolved_at IS NULL AS is_open,
      EXISTS (SELECT FROM incident_update u WHERE u.incident_id = i.id AND u.created_by <> :who) AS is_taken_over
    FROM signal s JOIN incident i ON i.id = s.incident_id WHERE s.source = :source AND s.key = :key
""")
_WRITE = text("""
    INSERT INTO signal (source, key, incident_id, said)
    SELECT :source, :key, id, :said FROM incident WHERE public_id = :incident
    ON CONFLICT (source, key) DO UPDATE SET incident_id = excluded.incident_id, said = excluded.said,
      updated_at = tocsin_now()
""")


class Known(NamedTuple):
    """The trouble as it was last reported; `is_taken_over`: somebody else has spoken about its incident since."""

    said: bytes
    incident: str
    ref: str
    is_open: bool
    is_taken_over: bool


async def find(connection: AsyncConnection, source: str, key: str, who: str) -> Known | None:
    """Return what is known of a trouble, and keep others who report it waiting until the transaction ends."""
    await connection.execute(_LOCK, {"source": source, "key": key})
    row = (await connection.execute(_FIND, {"source": source, "key": key, "who": who})).one_or_none()
    return None if row is None else Known(bytes(row.said), row.incident, row.ref, row.is_open, row.is_taken_over)


async def write(connection: AsyncConnection, source: str, key: str, incident: str, said: bytes) -> None:
    await connection.execute(_WRITE, {"source": source, "key": key, "incident": incident, "said": said})


async def components(connection: AsyncConnection, named: Collection[str]) -> list[str]:
    """Return which of `named` are components."""
    rows = await connection.execute(
        text("SELECT slug FROM component WHERE slug = ANY(:named) ORDER BY position, id"), {"named": list(named)}
    )
    return [row.slug for row in rows]
