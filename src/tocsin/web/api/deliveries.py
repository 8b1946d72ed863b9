"""The ledger over HTTP: who heard, who did not, and why."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.channel import ChannelName
from tocsin.domain.delivery import Reason, State
from tocsin.domain.errors import NotFound, Refused
from tocsin.domain.scope import Scope
from tocsin.domain.subscription import shown
from tocsin.domain.why import rule_of
from tocsin.services.change_subscriber import show_subscriber
from tocsin.services.explain import explain, why_of
from tocsin.services.publish import no_incident
from tocsin.services.retry import Retried, retry_all, retry_delivery
from tocsin.store import incidents, ledger
from tocsin.store.engine import begin
from tocsin.store.ledger import Delivery
from tocsin.web.api.fields import words
from tocsin.web.api.paging import Paging, page
from tocsin.web.api.shown import moment
from tocsin.web.auth import needs
from tocsin.web.deps import Site, SiteDep
from tocsin.web.each_key_once import EachKeyOnce
from tocsin.web.once import Answer, OnceDep

router = APIRouter(prefix="/v1", tags=["deliveries"], route_class=EachKeyOnce)

_READ = [needs(Scope.DELIVERIES_READ)]
SENT: Final = frozenset({State.ACCEPTED, State.DELIVERED, State.BOUNCED})
_AGAIN: Final = frozenset({State.FAILED, State.BOUNCED, State.EXPIRED})
Version = Annotated[int, Field(ge=1, le=2**31 - 1)]


class Filter(Paging):
    state: Annotated[State | None, words(State)] = None
    channel: Annotated[ChannelName | None, words(ChannelName)] = None
    audience: str | None = None
    reason: Annotated[Reason | None, words(Reason)] = None
    version: Version | None = None


@router.get("/incidents/{which}/deliveries", dependencies=_READ, summary="List an incident's deliveries")
async def list_deliveries(which: str, asked: Annotated[Filter, Query()], site: SiteDep) -> dict[str, Any]:
    place = asked.place(3)
    only = ledger.Filter(asked.state, asked.channel, audience_named(asked.audience, site), asked.version, asked.reason)
    async with begin(site.engine) as connection:
        incident = await find_incident(connection, which)
        found = await ledger.read_page(connection, incident.id, only, after=place, limit=asked.limit + 1)
    shown = found[: asked.limit]
    after = list(shown[-1].place) if len(found) > asked.limit else None
    return page([show(row) for row in shown], after)


@router.post(
    "/incidents/{which}/deliveries/retry",
    status_code=202,
    dependencies=[needs(Scope.OPERATE)],
    summary="Try again what failed",
)
async def post_retry_all(
    which: str, once: OnceDep, site: SiteDep, state: Annotated[State, words(State), Query()] = State.FAILED
) -> JSONResponse:
    if state not in _AGAIN:
        raise Refused(
            "Only what failed, bounced or expired can be tried again: those are the states.",
            field="state",
        )
    channels: set[ChannelName] = set()

    async def work(connection: AsyncConnection) -> Answer:
        incident = await find_incident(connection, which)
        retried = await retry_all(connection, incident.id, [state])
        channels.update(retried.channels)
        return _retried(retried)

    return await _answer(site, await once(work), channels)


@router.get("/deliveries/{delivery_id}", dependencies=_READ, summary="Show a delivery with all there is to know of it")
async def get_delivery(delivery_id: str, site: SiteDep) -> dict[str, Any]:
    async with begin(site.engine) as connection:
        found = await find_delivery(connection, delivery_id)
        attempts = await ledger.read_attempts(connection, found)
        receipts = await ledger.read_receipts(connection, found)
    return show(found) | {
        "why": why_of(found, moment),
        "note": found.note,
        "code": found.code,
        "since": moment(found.since),
        "attempts_made": [
            one
            | {
                "started_at": moment(one["started_at"]),
                "finished_at": moment(one["finished_at"]),
                "outcome": one["outcome"] or ("unknown" if one["lost"] else None),
            }
            for one in attempts
        ],
        "receipts": [one | {"received_at": moment(one["received_at"])} for one in receipts],
    }


@router.post(
    "/deliveries/{delivery_id}/retry",
    status_code=202,
    dependencies=[needs(Scope.OPERATE)],
    summary="Try a delivery again that failed",
)
async def post_retry(delivery_id: str, once: OnceDep, site: SiteDep) -> JSONResponse:
    channels: set[ChannelName] = set()

    async def work(connection: AsyncConnection) -> Answer:
        retried = await retry_delivery(connection, await find_delivery(connection, delivery_id))
        channels.update(retried.channels)
        return _retried(retried)

    return await _answer(site, await once(work), channels)


@router.get("/subscribers/{public_id}/why", dependencies=_READ, summary="Why a subscriber heard of an incident, or not")
async def get_why(public_id: str, incident: Annotated[str, Query()], site: SiteDep) -> dict[str, Any]:
    async with begin(site.engine) as connection:
        who = await show_subscriber(connection, public_id)
        found = await find_incident(connection, incident)
        explained = await explain(connection, who, found, moment)
    endpoints = [
        {
            "endpoint_id": one.endpoint.public_id,
            "channel": one.endpoint.channel,
            "address": shown(one.endpoint.address),
            "why": one.why,
            "deliveries": [show(row) | {"why": why_of(row, moment)} for row in one.rows],
        }
        for one in explained
    ]
    return {"incident": found.ref, "subscriber_id": who.public_id, "endpoints": endpoints}


def show(row: Delivery) -> dict[str, Any]:
    """Return a ledger row as it is shown."""
    return {
        "id": row.id,
        "subscriber_id": row.subscriber,
        "endpoint_id": row.endpoint,
        "channel": row.channel,
        "audience": row.audience,
        "version": row.version,
        "state": row.state,
        "reason": row.reason,
        "rule": rule_of(row.state, row.rule),
        "due_at": moment(row.due_at),
        "attempts": row.tries,
        "provider": row.provider,
        "provider_message_id": row.provider_id,
        "sent_at": moment(row.done_at) if row.state in SENT else None,
        "delivered_at": moment(row.receipt_at) if row.state is State.DELIVERED else None,
    }


def _retried(retried: Retried) -> Answer:
    return Answer(202, {"retried": retried.n, "left": retried.left})


async def _answer(site: Site, answer: JSONResponse, channels: set[ChannelName]) -> JSONResponse:
    for channel in channels:
        site.hints.deliver(channel)
    return answer


async def find_incident(connection: AsyncConnection, which: str) -> incidents.Incident:
    found = await incidents.find(connection, which)
    if found is None:
        raise no_incident(which)
    return found


async def find_delivery(connection: AsyncConnection, delivery_id: str) -> Delivery:
    found = await ledger.find(connection, delivery_id)
    if found is None:
        raise NotFound(f"There is no delivery {delivery_id!r}. GET /v1/incidents/{{id}}/deliveries lists them.")
    return found


def audience_named(name: str | None, site: Site) -> int | None:
    if name is None:
        return None
    if name not in site.audiences.names:
        raise Refused(f"There is no audience {name!r}. There are: {', '.join(site.audiences.names)}.", field="audience")
    return site.audiences.named(name).id
