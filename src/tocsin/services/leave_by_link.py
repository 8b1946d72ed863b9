"""What else whoever holds the token of a message may do: stop everything, pause an incident, have their link sent."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.channel import ChannelName
from tocsin.domain.errors import Conflict, NotFound
from tocsin.services.change_subscriber import show_subscriber
from tocsin.services.leave import stop
from tocsin.services.snooze import snooze
from tocsin.store import incidents, mine, persons
from tocsin.store.mine import OpenIncident
from tocsin.store.persons import Person


async def person_of(connection: AsyncConnection, endpoint: int) -> Person | None:
    return await persons.by_endpoint(connection, endpoint)


async def open_to(connection: AsyncConnection, there: Person) -> list[OpenIncident]:
    """Return the open incidents that an address was told of."""
    mask = await persons.audiences_of(connection, there.subscriber_id)
    return await mine.open_incidents(connection, [there.endpoint_id], mask)


async def stop_everything(connection: AsyncConnection, secret: str, there: Person, network: str) -> None:
    """Stop writing to every address of whoever this one belongs to."""
    who = await show_subscriber(connection, there.subscriber)
    await stop(connection, secret, who, who.endpoints, "link", network)


async def pause_incident(connection: AsyncConnection, there: Person, which: str) -> bool:
    """Hear no more of one incident that this address was told of; tell whether that could be."""
    theirs = {one.public_id for one in await open_to(connection, there)}
    found = await incidents.find(connection, which) if which in theirs else None
    who = await show_subscriber(connection, there.subscriber)
    endpoints = [one for one in who.endpoints if one.id == there.endpoint_id]
    if found is None or not endpoints:
        return False
    try:
        await snooze(connection, endpoints, found)
    except (Conflict, NotFound):
        return False
    return True


def can_be_sent_a_link(there: Person) -> bool:
    return there.channel in {ChannelName.EMAIL, ChannelName.SMS, ChannelName.CHAT}
