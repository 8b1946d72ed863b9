"""Channels and audiences over HTTP: which there are, and pausing a channel; what is due waits until it is resumed."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.channel import ChannelName, shown_provider
from tocsin.domain.errors import NotFound, Refused
from tocsin.domain.provider import Wish
from tocsin.domain.scope import Scope
from tocsin.services.choose_providers import Carrier, carriers, choose
from tocsin.store import channels as store
from tocsin.store import unlisted
from tocsin.store.engine import begin
from tocsin.web.api.fields import Body
from tocsin.web.api.paging import page
from tocsin.web.api.shown import moment
from tocsin.web.auth import needs
from tocsin.web.deps import Site, SiteDep
from tocsin.web.each_key_once import EachKeyOnce
from tocsin.web.once import Answer, OnceDep

router = APIRouter(prefix="/v1", tags=["channels"], route_class=EachKeyOnce)


@router.get("/audiences", dependencies=[needs(Scope.INCIDENTS_READ)], summary="List audiences from the inside out")
async def list_audiences(site: SiteDep) -> dict[str, Any]:
    audiences = site.audiences
    return page(
        [{"name": one.name, "rank": one.rank, "public": one is audiences.widest} for one in audiences.ordered], None
    )


@router.get("/channels", dependencies=[needs(Scope.INCIDENTS_READ)], summary="List channels")
async def list_channels(site: SiteDep) -> dict[str, Any]:
    async with begin(site.engine) as connection:
        return page([await _show(connection, name, site) for name in site.channels], None)


@router.post("/channels/{name}/pause", dependencies=[needs(Scope.OPERATE)], summary="Pause a channel")
async def pause(name: str, once: OnceDep, site: SiteDep) -> JSONResponse:
    channel = _named(name, site)

    async def work(connection: AsyncConnection) -> Answer:
        await store.pause(connection, channel, once.caller.name)
        return Answer(200, await _show(connection, channel, site))

    return await once(work)


class ProviderBody(Body):
    """`weight`: how much of the work, in relation to the others. `state`: auto (health decides), on or off."""

    weight: Annotated[int, Field(ge=0, le=1_000)] | None = None
    state: Literal["auto", "on", "off"] | None = None


@router.post("/channels/{name}/providers/{provider}", dependencies=[needs(Scope.OPERATE)], summary="Change a provider")
async def change_provider(name: str, provider: str, body: ProviderBody, once: OnceDep, site: SiteDep) -> JSONResponse:
    """Say how much a provider carries, or that it is used or not whatever its health; on record with who said so."""
    channel = _named(name, site)
    if body.weight is None and body.state is None:
        raise Refused("Say what to change: weight, or state (auto, on, off).", field="weight")

    async def work(connection: AsyncConnection) -> Answer:
        wish = None if body.state is None else Wish(body.state)
        await choose(connection, site.channels[channel], provider, once.caller.name, body.weight, wish)
        return Answer(200, await _show(connection, channel, site))

    answer = await once(work)
    site.hints.deliver(channel)
    return answer


@router.post("/channels/{name}/resume", dependencies=[needs(Scope.OPERATE)], summary="Resume a channel")
async def resume(name: str, once: OnceDep, site: SiteDep) -> JSONResponse:
    channel = _named(name, site)

    async def work(connection: AsyncConnection) -> Answer:
        await store.resume(connection, channel)
        return Answer(200, await _show(connection, channel, site))

    answer = await once(work)
    site.hints.deliver(channel)
    return answer


def _named(name: str, site: Site) -> ChannelName:
    for channel in site.channels:
        if channel.value == name:
            return channel
    raise NotFound(f"There is no channel {name!r} here. There are: {', '.join(site.channels)}.")


async def _show(connection: AsyncConnection, name: ChannelName, site: Site) -> dict[str, Any]:
    paused = (await store.read_pauses(connection)).get(name)
    return {
        "name": name,
        "provider": shown_provider(site.channels[name]),
        "paused": paused is not None,
        "paused_at": None if paused is None else moment(paused.paused_at),
        "paused_by": None if paused is None else paused.paused_by,
        "providers": [_show_provider(one) for one in await carriers(connection, site.channels[name])],
        "unlisted_codes": [_show_code(one) for one in await unlisted.seen(connection) if one.channel == name],
    }


def _show_code(one: unlisted.Seen) -> dict[str, Any]:
    """Return a code without what came with it, which may name a recipient."""
    times = {"first_at": moment(one.first_at), "last_at": moment(one.last_at)}
    return {"provider": one.provider, "code": one.code, "count": one.n, **times}


def _show_provider(one: Carrier) -> dict[str, Any]:
    return {
        "name": one.share.provider,
        "weight": one.weight,
        "health": one.condition.points,
        "state": one.state,
        "wanted": one.condition.wish,
        "since": None if one.turned is None else moment(one.turned.at),
        "why": None if one.turned is None else one.turned.why,
        "seconds": None if one.tally.latency is None else round(one.tally.latency, 3),
        "last_minute": {
            "good": max(0, one.tally.good),
            "our_fault": one.tally.faults,
            "errors": one.tally.errors,
            "slow": one.tally.slow,
        },
        "changes": [
            {
                "at": moment(change.at),
                **{name: getattr(change, name) for name in ("what", "before", "after", "why", "by")},
            }
            for change in one.changes
        ],
    }
