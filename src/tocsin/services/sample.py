"""Fills an empty Tocsin with components and subscribers to look at; a second time it adds nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from tocsin.domain.audience import Audiences
from tocsin.domain.channel import ChannelName
from tocsin.domain.component import ComponentStatus
from tocsin.domain.endpoint import EndpointState
from tocsin.domain.subscriber import NewEndpoint, NewSubscriber, Preference
from tocsin.domain.subscription import key_of
from tocsin.services.audiences import read_audiences
from tocsin.services.components import add_component, add_group
from tocsin.services.invent import COMPONENTS, SLUGS, invent_all
from tocsin.services.subscribe import subscribe_all
from tocsin.store import components, enlist
from tocsin.store.engine import begin

_AT_ONCE = 5_000


Practised = Mapping[ChannelName, Sequence[str]]


async def sample(engine: AsyncEngine, n: int, practised: Practised = MappingProxyType({})) -> int:
    """Add the components, and the subscribers up to number `n`; return how many are new.

    In an empty Tocsin one more subscriber a channel of `practised` has the addresses to practise on.
    """
    async with begin(engine) as connection:
        await _add_components(connection)
        audiences = await read_audiences(connection)
        everyone = invent_all(n, audiences)
        there = {key for _, key in await enlist.taken(connection, [one for who in everyone for one in who.endpoints])}
    # Whoever was removed stays removed: only those behind the last one are new.
    known = max((place for place, who in enumerate(everyone, 1) if who.endpoints[0].key in there), default=0)
    for first in range(known, n, _AT_ONCE):
        async with begin(engine) as connection:
            await subscribe_all(connection, everyone[first : first + _AT_ONCE], audiences)
    if not known:
        await _add_practised(engine, practised, audiences)
    return n - known


async def _add_practised(engine: AsyncEngine, practised: Practised, audiences: Audiences) -> None:
    async with begin(engine) as connection:
        everyone = [
            NewSubscriber(
                name=f"Practice {channel.value}",
                locale="en",
                time_zone="UTC",
                audiences=audiences.widest.bit,
                endpoints=tuple(
                    NewEndpoint(channel, address, key_of(address), EndpointState.ACTIVE, Preference())
                    for address in addresses
                ),
            )
            for channel, addresses in practised.items()
        ]
        await subscribe_all(connection, everyone, audiences)


async def _add_components(connection: AsyncConnection) -> None:
    if await components.ids_of(connection, SLUGS):
        return
    for position, (slug, name, members) in enumerate(COMPONENTS):
        if await components.find_group(connection, slug) is None:
            await add_group(connection, {"slug": slug, "name": name, "position": position})
        for place, (member, title, description) in enumerate(members):
            await add_component(
                connection,
                {
                    "slug": member,
                    "name": title,
                    "description": description,
                    "group": slug,
                    "internal": False,
                    "position": 10 * position + place,
                    "status": ComponentStatus.OPERATIONAL,
                },
            )
