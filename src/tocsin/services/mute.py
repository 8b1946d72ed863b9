"""Silences an incident, a component or a channel for a while; what was owed meanwhile is told when that ends."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from tocsin.domain.channel import ChannelName
from tocsin.domain.errors import NotFound, Refused
from tocsin.domain.ids import new_public_id
from tocsin.services.publish import no_incident
from tocsin.store import components, incidents
from tocsin.store import mutes as store
from tocsin.store.engine import begin
from tocsin.store.mutes import Mute


@dataclass(frozen=True, slots=True)
class NewMute:
    """What is to be silenced, until when and why; what is None does not narrow it down."""

    reason: str
    until: datetime
    incident: str | None = None
    component: str | None = None
    channel: ChannelName | None = None


async def mute(connection: AsyncConnection, wanted: NewMute, created_by: str) -> Mute:
    """Silence what is named; raise Refused or NotFound where that cannot be."""
    if wanted.incident is None and wanted.component is None and wanted.channel is None:
        raise Refused("Name an incident, a component or a channel: everything at once cannot be muted.", field="mute")
    if wanted.channel is ChannelName.STATUS_PAGE:
        raise Refused("The status page always shows how things stand. It cannot be muted.", field="channel")
    now = (await connection.execute(text("SELECT tocsin_now()"))).scalar_one()
    if wanted.until <= now:
        raise Refused("This is over already. Name a time to come.", field="until")
    public_id = new_public_id()
    await store.insert(
        connection,
        {
            "public_id": public_id,
            "incident_id": await _incident(connection, wanted.incident),
            "component_id": await _component(connection, wanted.component),
            "channel": wanted.channel,
            "reason": wanted.reason,
            "until": wanted.until.timestamp(),
            "created_by": created_by,
        },
    )
    made = await store.find(connection, public_id)
    assert made is not None, "it was written in this transaction"
    return made


async def unmute(connection: AsyncConnection, public_id: str, ended_by: str) -> Mute:
    """End a mute before its time; ending one that has ended changes nothing. The caller hints at the fan-out."""
    found = await store.find(connection, public_id, lock=True)
    if found is None:
        raise NotFound(f"There is no mute {public_id!r}. GET /v1/mutes lists them.")
    if found.ended_at is None:
        await store.end(connection, found.id, ended_by)
    ended = await store.find(connection, public_id)
    assert ended is not None, "it is locked in this transaction"
    return ended


async def end_mutes(engine: AsyncEngine) -> int:
    """End the mutes whose time is over; return how many updates are to be fanned out again."""
    async with begin(engine) as connection:
        return sum([await store.end(connection, one, "its time was over") for one in await store.over(connection)])


async def _incident(connection: AsyncConnection, which: str | None) -> int | None:
    if which is None:
        return None
    found = await incidents.find(connection, which)
    if found is None:
        raise no_incident(which)
    return found.id


async def _component(connection: AsyncConnection, slug: str | None) -> int | None:
    if slug is None:
        return None
    known = await components.ids_of(connection, [slug])
    if slug not in known:
        raise Refused(f"There is no component {slug!r}. GET /v1/components lists them.", field="component")
    return known[slug]
