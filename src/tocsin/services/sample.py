"""Fills an empty Tocsin with components and subscribers to look at; a second time it adds nothing."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from tocsin.domain.component import ComponentStatus
from tocsin.services.audiences import read_audiences
from tocsin.services.components import add_component, add_group
from tocsin.services.invent import COMPONENTS, SLUGS, invent_all
from tocsin.services.subscribe import subscribe_all
from tocsin.store import components, enlist
from tocsin.store.engine import begin

_AT_ONCE = 5_000


async def sample(engine: AsyncEngine, n: int) -> int:
    """Add the components, and the subscribers up to number `n`; return how many are new."""
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
    return n - known


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
