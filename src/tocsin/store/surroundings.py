"""What an update is checked against before it is written: the time, and the components that there are."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from tocsin.store.engine import Connection

_NOW = "SELECT tocsin_now() AS now, (SELECT array_agg(slug) FROM component WHERE slug = ANY($1::text[])) AS known"


async def look_around(connection: Connection, slugs: Collection[str]) -> tuple[datetime, set[str]]:
    """Return the time, and which of `slugs` name a component."""
    row = await connection.fetchrow(_NOW, list(slugs))
    assert row is not None, "a SELECT without FROM has a row"
    return row["now"], set(row["known"] or ())
