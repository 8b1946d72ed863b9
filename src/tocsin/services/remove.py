"""Removes one address of a subscriber: what it heard stays in the ledger, what it is owed is cancelled."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.services.choose import locked
from tocsin.store import moving
from tocsin.store import subscribers as store


async def remove_endpoint(connection: AsyncConnection, subscriber: str, endpoint_id: str) -> None:
    """Remove an endpoint; raise NotFound where it is not the subscriber's."""
    endpoint = await locked(connection, subscriber, endpoint_id)
    buckets = list((await moving.lock_places(connection, [endpoint.id])).values())
    await moving.cancel(connection, [endpoint.id], buckets)
    await moving.leave(connection, buckets)
    await store.delete_endpoints(connection, [endpoint.id])
