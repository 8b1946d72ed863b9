"""What was lately owed to somebody, of all incidents: rows of the ledger with the words of their updates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.store.ledger import ROWS, Delivery, delivery_of

_RECENT: Final = 60  # updates


class Owed(NamedTuple):
    row: Delivery
    title: str


async def lately(connection: AsyncConnection, endpoints: Sequence[int], limit: int) -> list[Owed]:
    """Return the newest rows that `endpoints` have about the last updates there were, the newest first."""
    values = {"endpoints": list(endpoints), "limit": limit, "recent": _RECENT}
    rows = await connection.execute(
        text(f"""
            {ROWS} WHERE d.update_id = ANY(ARRAY(SELECT id FROM incident_update ORDER BY id DESC LIMIT :recent))
              AND d.bucket_id IN (SELECT bucket_id FROM endpoint WHERE id = ANY(CAST(:endpoints AS int[])))
              AND d.endpoint_id = ANY(CAST(:endpoints AS int[]))
            ORDER BY d.update_id DESC, d.endpoint_id LIMIT :limit
        """),
        values,
    )
    found = [delivery_of(row) for row in rows]
    titles = await connection.execute(
        text("SELECT id, title FROM incident_update WHERE id = ANY(CAST(:updates AS int[]))"),
        {"updates": [one.update_id for one in found]},
    )
    named = {number: title for number, title in titles}  # noqa: C416 - rows are no pairs to the type checker
    return [Owed(one, named[one.update_id]) for one in found]
