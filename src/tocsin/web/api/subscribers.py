"""Subscribers over HTTP: created, listed, shown, changed and deleted."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import StringConstraints
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.audience import Audiences
from tocsin.domain.channel import ChannelName
from tocsin.domain.endpoint import EndpointState
from tocsin.domain.errors import Refused
from tocsin.domain.scope import Scope
from tocsin.domain.subscription import shown, spoken
from tocsin.domain.trouble import Trouble
from tocsin.services import change_subscriber as service
from tocsin.services.address import read_address
from tocsin.services.honour_opt_outs import STAYS, keep_opt_outs
from tocsin.services.subscribe import subscribe
from tocsin.store import subscribers as store
from tocsin.store.engine import begin
from tocsin.web.api.fields import words
from tocsin.web.api.paging import Paging, page
from tocsin.web.api.preference_body import show_preference
from tocsin.web.api.reveal import reveal, revealed
from tocsin.web.api.shown import moment
from tocsin.web.api.subscriber_bodies import SubscriberBody, mask_of
from tocsin.web.api.subscriber_changes import SubscriberChangeBody
from tocsin.web.auth import CallerDep, needs
from tocsin.web.deps import Site, SiteDep
from tocsin.web.each_key_once import EachKeyOnce
from tocsin.web.once import Answer, OnceDep

router = APIRouter(prefix="/v1/subscribers", tags=["subscribers"], route_class=EachKeyOnce)

_READ = [needs(Scope.SUBSCRIBERS_READ)]
_WRITE = [needs(Scope.SUBSCRIBERS_WRITE)]


class Filter(Paging):
    audience: str | None = None
    channel: Annotated[ChannelName | None, words(ChannelName)] = None
    state: Annotated[EndpointState | None, words(EndpointState)] = None
    address: Annotated[str | None, StringConstraints(max_length=1000)] = None


@router.post("", status_code=201, dependencies=_WRITE, summary="Subscribe somebody")
async def post_subscriber(body: SubscriberBody, once: OnceDep, site: SiteDep) -> Response:
    who = body.as_subscriber(site, once.caller)

    async def work(connection: AsyncConnection) -> Answer:
        public_id = await subscribe(connection, who, site.audiences)
        return Answer(201, show(await service.show_subscriber(connection, public_id), site.audiences))

    return await revealed(await once(work), site)


@router.get("", dependencies=_READ, summary="List subscribers, oldest first")
async def list_subscribers(asked: Annotated[Filter, Query()], site: SiteDep) -> dict[str, Any]:
    place = asked.place(1)
    only = store.Filter(
        audiences=None if asked.audience is None else mask_of([asked.audience], site.audiences),
        channel=asked.channel,
        state=asked.state,
        address_keys=None if asked.address is None else _keys(asked.address, site),
    )
    async with begin(site.engine) as connection:
        found = await store.read_page(connection, only, after=place[0] if place else None, limit=asked.limit + 1)
    shown = found[: asked.limit]
    after = [shown[-1].id] if len(found) > asked.limit else None
    return page([show(who, site.audiences) for who in shown], after)


@router.get("/{public_id}", dependencies=_READ, summary="Show a subscriber")
async def get_subscriber(public_id: str, site: SiteDep) -> dict[str, Any]:
    async with begin(site.engine) as connection:
        return show(await service.show_subscriber(connection, public_id), site.audiences)


@router.patch("/{public_id}", dependencies=_WRITE, summary="Change a subscriber")
async def patch_subscriber(
    public_id: str, body: SubscriberChangeBody, caller: CallerDep, site: SiteDep
) -> dict[str, Any]:
    """What `GET` answers can be sent again, with what is to be different."""
    async with begin(site.engine) as connection:
        before = await service.show_subscriber(connection, public_id)
    there = {(endpoint.channel, endpoint.key): _show_endpoint(endpoint) for endpoint in before.endpoints}
    changes = body.as_changes(site, caller, show(before, site.audiences), there)
    secret = site.settings.secret.get_secret_value()
    changed = await service.change_subscriber(site.engine, secret, public_id, changes, site.audiences)
    for channel in {endpoint.channel for endpoint in changed.endpoints}:
        site.hints.deliver(ChannelName(channel))
    shown = show(changed, site.audiences)
    await reveal(shown, site, but={endpoint.public_id for endpoint in before.endpoints})
    notes = _stay_out(changed, changes)
    return shown | ({"notes": notes} if notes else {})


def _stay_out(changed: store.Subscriber, changes: service.Changes) -> list[str]:
    """Return what to say of endpoints that were to be written to, and that their owners had opted out."""
    confirmed = {
        (one.wanted.channel, one.wanted.key) for one in changes.endpoints or () if one.target is EndpointState.ACTIVE
    }
    return [
        STAYS.format(spoken(endpoint.address))
        for endpoint in changed.endpoints
        if endpoint.state is EndpointState.OPTED_OUT and (endpoint.channel, endpoint.key) in confirmed
    ]


@router.delete("/{public_id}", status_code=204, dependencies=_WRITE, summary="Delete a subscriber")
async def delete_subscriber(public_id: str, site: SiteDep) -> Response:
    async with begin(site.engine) as connection:
        who = await service.show_subscriber(connection, public_id)
        await keep_opt_outs(connection, site.settings.secret.get_secret_value(), who.endpoints)
        await service.delete_subscriber(connection, public_id)
    return Response(status_code=204)


def show(who: store.Subscriber, audiences: Audiences) -> dict[str, Any]:
    """Return a subscriber as they are shown."""
    return {
        "id": who.public_id,
        "name": who.name,
        "locale": who.locale,
        "time_zone": who.time_zone,
        "audiences": [audience.name for audience in audiences.in_mask(who.audiences)],
        "endpoints": [_show_endpoint(endpoint) for endpoint in who.endpoints],
        "created_at": moment(who.created_at),
        "updated_at": moment(who.updated_at),
    }


def _show_endpoint(endpoint: store.Endpoint) -> dict[str, Any]:
    return {
        "id": endpoint.public_id,
        "channel": endpoint.channel,
        "address": shown(endpoint.address),
        "state": endpoint.state,
        "state_reason": endpoint.state_reason,
        "trouble": None if endpoint.trouble is None else _show_trouble(endpoint.trouble),
        "confirmed": endpoint.state is not EndpointState.UNCONFIRMED,
        "locale": endpoint.locale,
        "follows": endpoint.follows,
        "only_follows": endpoint.only_follows,
        "snoozed": {incident: moment(until) for incident, until in endpoint.snoozed.items()},
        "preference": show_preference(endpoint),
    }


def _show_trouble(trouble: Trouble) -> dict[str, Any]:
    return {
        "since": moment(trouble.since),
        "last": moment(trouble.last),
        "failures": trouble.failures,
        "note": trouble.note,
        "told_at": moment(trouble.told_at),
    }


def _keys(address: str, site: Site) -> list[str]:
    """Return how `address` would be compared on each channel where it is one."""
    keys: list[str] = []
    for channel in site.channels:
        try:
            keys.append(read_address(channel, address, site.channels).key)
        except Refused:
            continue
    return keys
