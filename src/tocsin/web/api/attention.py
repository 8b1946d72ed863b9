"""What subscribers choose for single incidents, over HTTP: to snooze them, and to follow them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from pydantic import StringConstraints
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.channel import ChannelName
from tocsin.domain.errors import NotFound
from tocsin.domain.scope import Scope
from tocsin.services.change_subscriber import show_subscriber
from tocsin.services.follow import follow, unfollow
from tocsin.services.snooze import snooze, unsnooze
from tocsin.store.engine import begin
from tocsin.store.incidents import Incident
from tocsin.store.subscribers import Endpoint
from tocsin.web.api.deliveries import find_incident
from tocsin.web.api.fields import Body, Time
from tocsin.web.api.subscribers import show
from tocsin.web.auth import needs
from tocsin.web.deps import Site, SiteDep
from tocsin.web.each_key_once import EachKeyOnce
from tocsin.web.once import Answer, OnceDep

router = APIRouter(prefix="/v1/subscribers/{public_id}", tags=["subscribers"], route_class=EachKeyOnce)

_WRITE = [needs(Scope.SUBSCRIBERS_WRITE)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=64)]


class SnoozeBody(Body):
    """No `until`: until the incident is over. No `endpoint_id`: on all of the subscriber's endpoints."""

    incident: Name
    until: Time | None = None
    endpoint_id: Name | None = None


class FollowBody(Body):
    """`only`: these endpoints hear of nothing else until it is over. No `endpoint_id`: all of the subscriber's."""

    incident: Name
    only: bool = False
    endpoint_id: Name | None = None


@router.post("/snoozes", dependencies=_WRITE, summary="Snooze an incident")
async def post_snooze(public_id: str, body: SnoozeBody, once: OnceDep, site: SiteDep) -> JSONResponse:
    """Who heard that it began hears that it is over all the same."""

    async def work(connection: AsyncConnection) -> Answer:
        endpoints, incident = await _named(connection, public_id, body.endpoint_id, body.incident)
        await snooze(connection, endpoints, incident, body.until)
        return Answer(200, await _shown(connection, public_id, site))

    return await once(work)


@router.delete("/snoozes/{incident}", dependencies=_WRITE, summary="End a snooze")
async def delete_snooze(
    public_id: str, incident: str, site: SiteDep, endpoint_id: Annotated[str | None, Query()] = None
) -> dict[str, Any]:
    async with begin(site.engine) as connection:
        endpoints, found = await _named(connection, public_id, endpoint_id, incident)
        await unsnooze(connection, endpoints, found)
        shown = await _shown(connection, public_id, site)
    for channel in {endpoint.channel for endpoint in endpoints}:
        site.hints.deliver(ChannelName(channel))
    return shown


@router.post("/follows", dependencies=_WRITE, summary="Follow an incident")
async def post_follow(public_id: str, body: FollowBody, once: OnceDep, site: SiteDep) -> JSONResponse:
    """Its updates are heard from the next one on, whatever components and severities were chosen."""

    async def work(connection: AsyncConnection) -> Answer:
        endpoints, incident = await _named(connection, public_id, body.endpoint_id, body.incident)
        await follow(connection, endpoints, incident, only=body.only)
        return Answer(200, await _shown(connection, public_id, site))

    return await once(work)


@router.delete("/follows/{incident}", dependencies=_WRITE, summary="Follow an incident no longer")
async def delete_follow(
    public_id: str, incident: str, site: SiteDep, endpoint_id: Annotated[str | None, Query()] = None
) -> dict[str, Any]:
    async with begin(site.engine) as connection:
        endpoints, found = await _named(connection, public_id, endpoint_id, incident)
        await unfollow(connection, endpoints, found)
        return await _shown(connection, public_id, site)


async def _named(
    connection: AsyncConnection, public_id: str, endpoint_id: str | None, incident: str
) -> tuple[Sequence[Endpoint], Incident]:
    who = await show_subscriber(connection, public_id)
    endpoints = [one for one in who.endpoints if endpoint_id in {None, one.public_id}]
    if endpoint_id is not None and not endpoints:
        raise NotFound(f"This subscriber has no endpoint {endpoint_id!r}. GET /v1/subscribers/{{id}} shows them.")
    return endpoints, await find_incident(connection, incident)


async def _shown(connection: AsyncConnection, public_id: str, site: Site) -> dict[str, Any]:
    return show(await show_subscriber(connection, public_id), site.audiences)
