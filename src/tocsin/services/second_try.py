"""Gives what failed a second try from the console: one delivery, or all of an incident's in one state."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncEngine

from tocsin.domain.delivery import State
from tocsin.domain.errors import Conflict, NotFound
from tocsin.services.publish import no_incident
from tocsin.services.retry import Retried, retry_all, retry_delivery
from tocsin.store import incidents, ledger
from tocsin.store.engine import begin
from tocsin.store.incidents import Incident

AGAIN = frozenset({State.FAILED, State.BOUNCED, State.EXPIRED})


async def retry_incident(engine: AsyncEngine, which: str, state: State | None) -> tuple[Incident, Retried]:
    """Try again whatever of an incident is in `state`; raise Conflict where that is not a state of failure."""
    if state is None or state not in AGAIN:
        raise Conflict("Only what failed, came back or came too late can be tried again.")
    async with begin(engine) as connection:
        incident = await incidents.find(connection, which)
        if incident is None:
            raise no_incident(which)
        return incident, await retry_all(connection, incident.id, [state.value])


async def retry_one(engine: AsyncEngine, delivery_id: str) -> Retried:
    """Try one delivery again; raise Conflict where that would be wrong."""
    async with begin(engine) as connection:
        delivery = await ledger.find(connection, delivery_id)
        if delivery is None:
            raise NotFound(f"There is no delivery {delivery_id!r}.")
        return await retry_delivery(connection, delivery)
