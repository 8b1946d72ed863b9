"""Who has read an incident's title: it must not travel outwards."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.store.incidents import Incident


async def title_read_by(connection: AsyncConnection, incident: Incident) -> int:
    """Return the set of audiences that updates with the incident's present title have addressed."""
    found = await connection.execute(
        text("SELECT bit_or(audiences) FROM incident_update WHERE incident_id = :id AND title = :title"),
        {"id": incident.id, "title": incident.latest.snapshot.title},
    )
    return int(found.scalar_one())
