"""Cancelling over HTTP: what has not gone out of an incident, or one delivery, is not sent any more."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.channel import ChannelName
from tocsin.domain.scope import Scope
from tocsin.services.cancel import cancel_all, cancel_delivery
from tocsin.store import ledger
from tocsin.store.cancelling import Cancelled
from tocsin.web.api.deliveries import Version, audience_named, find_delivery, find_incident
from tocsin.web.api.fields import words
from tocsin.web.auth import needs
from tocsin.web.deps import SiteDep
from tocsin.web.each_key_once import EachKeyOnce
from tocsin.web.once import Answer, OnceDep

router = APIRouter(prefix="/v1", tags=["deliveries"], route_class=EachKeyOnce)

_OPERATE = [needs(Scope.OPERATE)]


class Only(BaseModel):
    model_config = ConfigDict(extra="forbid")

    channel: Annotated[ChannelName | None, words(ChannelName)] = None
    audience: str | None = None
    version: Version | None = None


@router.post(
    "/incidents/{which}/deliveries/cancel",
    status_code=202,
    dependencies=_OPERATE,
    summary="Cancel what has not gone out",
)
async def post_cancel_all(which: str, only: Annotated[Only, Query()], once: OnceDep, site: SiteDep) -> JSONResponse:
    """`in_flight` of those cancelled are in a worker's hands or unknown: they may have gone out, and say so if so."""
    narrowed = ledger.Filter(None, only.channel, audience_named(only.audience, site), only.version)

    async def work(connection: AsyncConnection) -> Answer:
        incident = await find_incident(connection, which)
        return _answer(await cancel_all(connection, incident.id, narrowed, once.caller.name))

    return await once(work)


@router.post(
    "/deliveries/{delivery_id}/cancel",
    status_code=202,
    dependencies=_OPERATE,
    summary="Cancel a delivery that has not gone out",
)
async def post_cancel(delivery_id: str, once: OnceDep) -> JSONResponse:
    async def work(connection: AsyncConnection) -> Answer:
        found = await find_delivery(connection, delivery_id)
        return _answer(await cancel_delivery(connection, found, once.caller.name))

    return await once(work)


def _answer(done: Cancelled) -> Answer:
    return Answer(202, {"cancelled": done.n, "in_flight": done.away})
