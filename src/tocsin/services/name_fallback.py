"""Lets someone name which of their addresses is written to where another one has failed for good."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.errors import NotFound
from tocsin.domain.fallback import fallbacks
from tocsin.domain.subscriber import NewEndpoint
from tocsin.services.choose import chosen
from tocsin.store import choices
from tocsin.store import subscribers as store


async def name_fallback(connection: AsyncConnection, subscriber: str, endpoint: str, fallback: str | None) -> None:
    """Have `fallback` stand in for `endpoint`, None: nobody; both are ids of endpoints of `subscriber`.

    Raise NotFound where one of them is none of theirs, Refused where they would stand in for each other in a circle.
    """
    who = await store.find(connection, subscriber, lock=True)
    there = {one.public_id: one for one in who.endpoints} if who else {}
    if endpoint not in there or (fallback is not None and fallback not in there):
        raise NotFound("There is no such address of theirs any more.")
    wanted = [
        NewEndpoint(
            one.channel,
            one.address,
            one.key,
            one.state,
            replace(chosen(one), fallback=fallback if one.public_id == endpoint else one.fallback),
        )
        for one in there.values()
    ]
    places = {name: (one.channel, one.key) for name, one in there.items()}
    named = fallbacks(wanted, places)
    await choices.fall_back(connection, {places[endpoint]: named[places[endpoint]]})
