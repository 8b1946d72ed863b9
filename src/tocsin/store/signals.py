"""What other systems have reported, by source and by the name that they give to a trouble."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, NamedTuple

from tocsin.store.engine import Connection

_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended($1::text || ':' || $2::text, 0))"
_FIND: Final = """
    SELECT s.said, i.public_id, 'INC-' || i.id, i.resolved_at IS NULL,
      EXISTS (SELECT FROM incident_update u WHERE u.incident_id = i.id AND u.created_by <> $3)
    FROM signal s JOIN incident i ON i.id = s.incident_id WHERE s.source = $1 AND s.key = $2
"""
_WRITE: Final = """
    INSERT INTO signal (source, key, incident_id, said) SELECT $1, $2, id, $4 FROM incident WHERE public_id = $3
    ON CONFLICT (source, key) DO UPDATE SET incident_id = excluded.incident_id, said = excluded.said,
      updated_at = tocsin_now()
"""


class Known(NamedTuple):
    """The trouble as it was last reported; `is_taken_over`: somebody else has spoken about its incident since."""

    said: bytes
    incident: str
    ref: str
    is_open: bool
    is_taken_over: bool


async def find(connection: Connection, source: str, key: str, who: str) -> Known | None:
    """Return what is known of a trouble, and keep others who report it waiting until the transaction ends."""
    await connection.execute(_LOCK, source, key)
    row = await connection.fetchrow(_FIND, source, key, who)  # in a statement of its own: newer than the lock
    return None if row is None else Known(*row)


async def write(connection: Connection, source: str, key: str, incident: str, said: bytes) -> None:
    await connection.execute(_WRITE, source, key, incident, said)


async def components(connection: Connection, named: Collection[str]) -> list[str]:
    """Return which of `named` are components."""
    rows = await connection.fetch(
        "SELECT slug FROM component WHERE slug = ANY($1::text[]) ORDER BY position, id", list(named)
    )
    return [row["slug"] for row in rows]
