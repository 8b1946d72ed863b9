"""Who has read an incident's title: it must not travel outwards."""

from __future__ import annotations

from tocsin.store.engine import Connection
from tocsin.store.incidents import Incident


async def title_read_by(connection: Connection, incident: Incident) -> int:
    """Return the set of audiences that updates with the incident's present title have addressed."""
    found: int = await connection.fetchval(
        "SELECT bit_or(audiences) FROM incident_update WHERE incident_id = $1 AND title = $2",
        incident.id,
        incident.latest.snapshot.title,
    )
    return found
