"""Mutes over HTTP: operators silence an incident, a component or a channel for a while."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from pydantic import StringConstraints
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.channel import ChannelName
from tocsin.domain.scope import Scope
from tocsin.services.mute import NewMute, mute, unmute
from tocsin.store import mutes as store
from tocsin.store.engine import begin
from tocsin.store.mutes import Mute
from tocsin.web.api.fields import Body, Line, Slug, Time, words
from tocsin.web.api.paging import page
from tocsin.web.api.shown import moment
from tocsin.web.auth import needs
from tocsin.web.deps import SiteDep
from tocsin.web.each_key_once import EachKeyOnce
from tocsin.web.once import Answer, OnceDep

router = APIRouter(prefix="/v1/mutes", tags=["mutes"], route_class=EachKeyOnce)


class MuteBody(Body):
    """What is silenced, until when, and why: one of incident, component and channel, or several that must all fit."""

    incident: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None
    component: Slug | None = None
    channel: Annotated[ChannelName, words(ChannelName)] | None = None
    until: Time
    reason: Annotated[Line, StringConstraints(min_length=1)]


@router.post("", status_code=201, dependencies=[needs(Scope.OPERATE)], summary="Mute")
async def post_mute(body: MuteBody, once: OnceDep) -> JSONResponse:
    """Nobody hears of it until it ends; then whoever is owed news, such as an end, is told how things stand."""
    wanted = NewMute(body.reason, body.until, body.incident, body.component, body.channel)

    async def work(connection: AsyncConnection) -> Answer:
        return Answer(201, show(await mute(connection, wanted, once.caller.name)))

    return await once(work)


@router.get("", dependencies=[needs(Scope.INCIDENTS_READ)], summary="List mutes, newest first")
async def list_mutes(site: SiteDep, ended: Annotated[bool, Query()] = False) -> dict[str, Any]:  # noqa: FBT002
    async with begin(site.engine) as connection:
        return page([show(one) for one in await store.read(connection, ended=ended)], None)


@router.post("/{public_id}/end", dependencies=[needs(Scope.OPERATE)], summary="End a mute before its time")
async def end_mute(public_id: str, once: OnceDep, site: SiteDep) -> JSONResponse:
    async def work(connection: AsyncConnection) -> Answer:
        return Answer(200, show(await unmute(connection, public_id, once.caller.name)))

    answer = await once(work)
    site.hints.fan_out()
    return answer


def show(one: Mute) -> dict[str, Any]:
    """Return a mute as it is shown."""
    return {
        "id": one.public_id,
        "incident": one.ref,
        "component": one.component,
        "channel": one.channel,
        "until": moment(one.until),
        "reason": one.reason,
        "created_by": one.created_by,
        "created_at": moment(one.created_at),
        "ended_at": moment(one.ended_at),
        "ended_by": one.ended_by,
    }
