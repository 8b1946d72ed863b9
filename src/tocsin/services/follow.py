"""Lets someone hear of one incident whatever else they chose, or of that one alone until it is over."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.store import attention
from tocsin.store.incidents import Incident
from tocsin.store.subscribers import Endpoint


async def follow(
    connection: AsyncConnection, endpoints: Sequence[Endpoint], incident: Incident, *, only: bool = False
) -> None:
    """Follow `incident` from its next update on; `only`: these hear of nothing else while one they follow is open."""
    await attention.follow(connection, [endpoint.id for endpoint in endpoints], incident.id, only=only)


async def unfollow(connection: AsyncConnection, endpoints: Sequence[Endpoint], incident: Incident) -> None:
    """Follow no longer; who followed nothing else hears of all they chose again."""
    await attention.unfollow(connection, [endpoint.id for endpoint in endpoints], incident.id)


async def hear_all(connection: AsyncConnection, endpoints: Sequence[Endpoint]) -> None:
    """Hear of all that was chosen again, beside what is followed."""
    await attention.hear_all(connection, [endpoint.id for endpoint in endpoints])
