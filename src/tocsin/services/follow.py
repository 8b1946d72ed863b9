"""Lets someone hear of one incident whatever else they chose, or of that one alone."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.store import attention
from tocsin.store.incidents import Incident
from tocsin.store.subscribers import Endpoint


async def follow(
    connection: AsyncConnection, endpoints: Sequence[Endpoint], incident: Incident, *, only: bool = False
) -> None:
    """Follow `incident` from its next update on; `only`: these endpoints hear of nothing that they do not follow."""
    await attention.follow(connection, [endpoint.id for endpoint in endpoints], incident.id, only=only)


async def unfollow(connection: AsyncConnection, endpoints: Sequence[Endpoint], incident: Incident) -> None:
    """Follow no longer; who followed nothing else hears of nothing then, until they choose anew."""
    await attention.unfollow(connection, [endpoint.id for endpoint in endpoints], incident.id)
