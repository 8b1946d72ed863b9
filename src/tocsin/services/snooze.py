"""Keeps one incident from someone for a while, or until it is over: whoever heard that it began still hears the end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.errors import Conflict, Refused
from tocsin.store import attention
from tocsin.store.incidents import Incident
from tocsin.store.subscribers import Endpoint


async def snooze(
    connection: AsyncConnection, endpoints: Sequence[Endpoint], incident: Incident, until: datetime | None = None
) -> None:
    """Snooze `incident` on `endpoints`, None: until its end; again with another time moves the end."""
    if not incident.latest.snapshot.status.is_open:
        raise Conflict(f"{incident.ref} is over. There is nothing to snooze.")
    if until is not None and until <= (await connection.execute(text("SELECT tocsin_now()"))).scalar_one():
        raise Refused("This is over already. Name a time to come, or none for the whole incident.", field="until")
    numbers = [endpoint.id for endpoint in endpoints]
    await attention.snooze(connection, numbers, incident.id, None if until is None else until.timestamp())


async def unsnooze(connection: AsyncConnection, endpoints: Sequence[Endpoint], incident: Incident) -> None:
    """End a snooze: how the incident stands now is told, where it was kept back. The caller hints at the channels."""
    await attention.unsnooze(connection, [endpoint.id for endpoint in endpoints], incident.id)
