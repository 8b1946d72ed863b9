"""Channels and audiences over HTTP: which there are, and pausing a channel; what is due waits until it is resumed."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.channel import ChannelName
from tocsin.domain.errors import NotFound
from tocsin.domain.scope import Scope
from tocsin.store import channels as store
from tocsin.store.engine import begin
from tocsin.web.api.paging import page
from tocsin.web.api.shown import moment
from tocsin.web.auth import needs
from tocsin.web.deps import Site, SiteDep
from tocsin.web.once import Answer, OnceDep

router = APIRouter(prefix="/v1", tags=["channels"])


@router.get("/audiences", dependencies=[needs(Scope.INCIDENTS_READ)], summary="List audiences from the inside out")
async def list_audiences(site: SiteDep) -> dict[str, Any]:
    audiences = site.audiences
    return page(
        [{"name": one.name, "rank": one.rank, "public": one is audiences.widest} for one in audiences.ordered], None
    )


@router.get("/channels", dependencies=[needs(Scope.INCIDENTS_READ)], summary="List channels")
async def list_channels(site: SiteDep) -> dict[str, Any]:
    async with begin(site.engine) as connection:
        pauses = await store.read_pauses(connection)
    return page([_show(name, site, pauses) for name in site.channels], None)


@router.post("/channels/{name}/pause", dependencies=[needs(Scope.OPERATE)], summary="Pause a channel")
async def pause(name: str, once: OnceDep, site: SiteDep) -> JSONResponse:
    channel = _named(name, site)

    async def work(connection: AsyncConnection) -> Answer:
        await store.pause(connection, channel, once.caller.name)
        return Answer(200, _show(channel, site, await store.read_pauses(connection)))

    return await once(work)


@router.post("/channels/{name}/resume", dependencies=[needs(Scope.OPERATE)], summary="Resume a channel")
async def resume(name: str, once: OnceDep, site: SiteDep) -> JSONResponse:
    channel = _named(name, site)

    async def work(connection: AsyncConnection) -> Answer:
        await store.resume(connection, channel)
        return Answer(200, _show(channel, site, {}))

    answer = await once(work)
    site.hints.deliver(channel)
    return answer


def _named(name: str, site: Site) -> ChannelName:
    for channel in site.channels:
        if channel.value == name:
            return channel
    raise NotFound(f"There is no channel {name!r} here. There are: {', '.join(site.channels)}.")


def _show(name: ChannelName, site: Site, pauses: dict[str, store.Pause]) -> dict[str, Any]:
    paused = pauses.get(name)
    return {
        "name": name,
        "provider": site.channels[name].provider,
        "paused": paused is not None,
        "paused_at": None if paused is None else moment(paused.paused_at),
        "paused_by": None if paused is None else paused.paused_by,
    }
