"""Fills an empty Tocsin with components and subscribers to look at; a second time it adds nothing."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from tocsin.domain.audience import Audiences
from tocsin.domain.channel import ChannelName
from tocsin.domain.component import ComponentStatus
from tocsin.domain.ids import new_public_id
from tocsin.services.audiences import read_audiences
from tocsin.services.components import add_component, add_group
from tocsin.services.invent import COMPONENTS, SLUGS, Invented, invent_all
from tocsin.store import components
from tocsin.store import sample as store
from tocsin.store.engine import begin
from tocsin.store.placing import place_all

_AT_ONCE = 5_000


async def sample(engine: AsyncEngine, n: int) -> int:
    """Add the components, and the subscribers up to number `n`; return how many are new."""
    async with begin(engine) as connection:
        await _add_components(connection)
        audiences = await read_audiences(connection)
        everyone = invent_all(n, audiences.names)
        there = await store.those_there(connection, [invented.address for invented in everyone])
    # Whoever was removed stays removed: only those behind the last one are new.
    known = max((place for place, one in enumerate(everyone, 1) if one.address in there), default=0)
    for first in range(known, n, _AT_ONCE):
        async with begin(engine) as connection:
            await _add_subscribers(connection, audiences, everyone[first : first + _AT_ONCE])
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


async def _add_subscribers(connection: AsyncConnection, audiences: Audiences, batch: Sequence[Invented]) -> None:
    ranks = [audiences.named(one.audience).rank for one in batch]
    placed = await place_all(connection, {(ChannelName.EMAIL, rank): ranks.count(rank) for rank in set(ranks)})
    ids = await components.ids_of(connection, SLUGS)
    await store.insert(
        connection,
        {
            "subscribers": [new_public_id() for _ in batch],
            "endpoints": [new_public_id() for _ in batch],
            "names": [one.name for one in batch],
            "locales": [one.locale for one in batch],
            "time_zones": [one.time_zone for one in batch],
            "audiences": [audiences.named(one.audience).bit for one in batch],
            "buckets": [placed[ChannelName.EMAIL, rank].pop() for rank in ranks],
            "addresses": [one.address for one in batch],
            "states": [one.state for one in batch],
            "leasts": [one.least for one in batch],
            "all_components": [not one.components for one in batch],
        },
        chosen=[(one.address, ids[slug]) for one in batch for slug in one.components if slug in ids],
    )
