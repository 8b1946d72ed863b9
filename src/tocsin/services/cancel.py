"""Stops what is unsent of an incident, or one delivery, when an operator says that nobody else shall hear it."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.delivery import UNFINISHED
from tocsin.domain.errors import Conflict
from tocsin.store import cancelling
from tocsin.store.cancelling import Cancelled, Narrowed
from tocsin.store.ledger import Delivery, Filter


async def cancel_all(connection: AsyncConnection, incident_id: int, only: Filter, by: str) -> Cancelled:
    """Cancel what is unsent; raise Conflict while rows are being written, since those would go out after all."""
    updates = await cancelling.updates_of(connection, incident_id, only.version)
    if await cancelling.are_being_written(connection, updates):
        raise Conflict("The rows of this incident's newest update are being written. Ask again in some seconds.")
    return await cancelling.cancel(connection, Narrowed(updates, None, only.channel, only.audience), _note(by))


async def cancel_delivery(connection: AsyncConnection, delivery: Delivery, by: str) -> Cancelled:
    """Cancel one row; raise Conflict where it has come to its end."""
    only = Narrowed([delivery.update_id], delivery.endpoint_id)
    done = await cancelling.cancel(connection, only, _note(by))
    if done.n == 0:
        unsent = "is on the status page" if delivery.state in UNFINISHED else f"is {delivery.state}"
        raise Conflict(f"This delivery {unsent}. Only what has not gone out can be cancelled.")
    return done


def _note(by: str) -> str:
    return f"cancelled by {by}"
