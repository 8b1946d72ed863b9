"""The manage page's buttons beside an open incident: pause it, or hear of it alone, and take that back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.channel import ChannelName
from tocsin.domain.errors import NotFound
from tocsin.services.follow import follow, hear_all
from tocsin.services.snooze import snooze, unsnooze
from tocsin.store import incidents, mine
from tocsin.store.engine import begin
from tocsin.store.incidents import Incident
from tocsin.web.pages.manage_doing import Deed, Doing
from tocsin.web.pages.manage_view import Notes


async def _snooze(doing: Doing) -> Notes:
    async with begin(doing.site.engine) as connection:
        await snooze(connection, doing.who.endpoints, await _theirs(connection, doing))
    return Notes(done="snoozed")


async def _wake(doing: Doing) -> Notes:
    async with begin(doing.site.engine) as connection:
        await unsnooze(connection, doing.who.endpoints, await _theirs(connection, doing))
    _look(doing)
    return Notes(done="woken")


async def _follow(doing: Doing) -> Notes:
    """Hear of this incident alone; one that was paused is heard of again."""
    async with begin(doing.site.engine) as connection:
        incident = await _theirs(connection, doing)
        await unsnooze(connection, doing.who.endpoints, incident)
        await follow(connection, doing.who.endpoints, incident, only=True)
    _look(doing)
    return Notes(done="followed")


async def _hear_all(doing: Doing) -> Notes:
    async with begin(doing.site.engine) as connection:
        await hear_all(connection, doing.who.endpoints)
    return Notes(done="heard-all")


async def _theirs(connection: AsyncConnection, doing: Doing) -> Incident:
    """Return the incident that the button stands beside; whether there are others is told to nobody."""
    wanted = doing.text("incident")
    numbers = [endpoint.id for endpoint in doing.who.endpoints]
    open_ = await mine.open_incidents(connection, numbers, doing.who.audiences)
    found = await incidents.find(connection, wanted) if wanted in {one.public_id for one in open_} else None
    if found is None:
        raise NotFound("There is no such incident any more.")
    return found


def _look(doing: Doing) -> None:
    for channel in {endpoint.channel for endpoint in doing.who.endpoints}:
        doing.site.hints.deliver(ChannelName(channel))


DEEDS: Final[Mapping[str, Deed]] = {"snooze": _snooze, "wake": _wake, "follow": _follow, "hear-all": _hear_all}
