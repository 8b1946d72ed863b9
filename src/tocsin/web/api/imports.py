"""Import and export of subscribers over HTTP, of any number in constant memory."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Mapping
from typing import IO, Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse
from starlette.background import BackgroundTask

from tocsin.domain.asking import seal
from tocsin.domain.audience import Audiences
from tocsin.domain.endpoint import EndpointState
from tocsin.domain.errors import Refused
from tocsin.domain.scope import Scope
from tocsin.domain.subscriber import NewSubscriber
from tocsin.domain.subscription import shown
from tocsin.services.import_subscribers import Line, ReadLine, import_subscribers
from tocsin.store import consents
from tocsin.store import subscribers as store
from tocsin.store.consents import Consent
from tocsin.store.engine import begin
from tocsin.web.api.lines import csv_reader, json_reader, split_lines
from tocsin.web.api.preference_body import show_preference
from tocsin.web.api.shown import moment
from tocsin.web.api.subscriber_bodies import SubscriberBody
from tocsin.web.api.table import header, header_of, persons, written
from tocsin.web.auth import CallerDep, needs
from tocsin.web.deps import Site, SiteDep
from tocsin.web.each_key_once import EachKeyOnce
from tocsin.web.errors import Problem

router = APIRouter(prefix="/v1/subscribers", tags=["subscribers"], route_class=EachKeyOnce)

_NDJSON: Final = "application/x-ndjson"
_IN_MEMORY: Final = 1_000_000
_CHUNK: Final = 65_536
_AT_ONCE: Final = 1_000
_DOCUMENTED: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "One subscriber a line, as POST /v1/subscribers takes them; or CSV with a header.",
        "content": {_NDJSON: {"schema": {"type": "string"}}, "text/csv": {"schema": {"type": "string"}}},
    }
}
_REPORT: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "A line for each line: created, duplicate or refused; the last line counts them.",
        "content": {_NDJSON: {"schema": {"type": "string"}}},
    }
}
_LINES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "One subscriber a line; as CSV, one address.",
        "content": {_NDJSON: {"schema": {"type": "string"}}, "text/csv": {"schema": {"type": "string"}}},
    }
}


@router.post(
    "/import",
    dependencies=[needs(Scope.SUBSCRIBERS_WRITE)],
    summary="Import subscribers, one a line",
    openapi_extra=_DOCUMENTED,
    responses=_REPORT,
    response_class=StreamingResponse,
)
async def post_import(request: Request, caller: CallerDep, site: SiteDep) -> StreamingResponse:
    """Importing the same lines again changes nothing: no Idempotency-Key is needed."""
    audiences = site.audiences

    def as_subscriber(body: SubscriberBody) -> NewSubscriber:
        try:
            return body.as_subscriber(site, caller)
        except Problem as error:  # the key may not do this for this line
            raise Refused(str(error.detail), field="endpoints") from error

    media = request.headers.get("content-type", _NDJSON).partition(";")[0].strip().lower()
    if media.startswith("multipart/"):
        raise Problem(415, f"Send the file itself as {_NDJSON} or text/csv, not a form.")
    lines = split_lines(request.stream(), site.settings.web.max_import_line_bytes, quoted=media == "text/csv")
    read_line = json_reader(as_subscriber)
    if media == "text/csv":
        columns = await _columns(lines)
        lines, read_line = persons(lines, columns), csv_reader(columns, as_subscriber)
    # The report is sent when all is read: a client that sends everything before it reads would wait for ever.
    report = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - closed when it was sent
    try:
        await _import(site, lines, read_line, audiences, report)
    except BaseException:
        report.close()
        raise
    return StreamingResponse(_pieces(report), media_type=_NDJSON, background=BackgroundTask(report.close))


@router.get(
    "/export",
    dependencies=[needs(Scope.SUBSCRIBERS_READ)],
    summary="Export all subscribers, one a line",
    responses=_LINES,
    response_class=StreamingResponse,
)
async def get_export(
    site: SiteDep, form: Annotated[Literal["ndjson", "csv"], Query(alias="format")] = "ndjson"
) -> StreamingResponse:
    """What is exported can be imported again as it is."""
    exported = _export(site, site.audiences)
    if form == "csv":
        return StreamingResponse(_table(exported), media_type="text/csv")
    return StreamingResponse(_lines(exported), media_type=_NDJSON)


async def _columns(lines: AsyncIterator[Line]) -> list[str]:
    first = await anext(lines, None)
    if first is None or isinstance(first.content, Refused):
        raise Refused("The first line names the columns.", field="header")
    return header_of(first.content)


async def _import(
    site: Site, lines: AsyncIterator[Line], read_line: ReadLine, audiences: Audiences, report: IO[bytes]
) -> None:
    counts = await import_subscribers(site.engine, lines, read_line, audiences, report)
    kinds = ("created", "duplicate", "refused")
    summary = {"lines": counts.total()} | {kind: counts[kind] for kind in kinds}
    report.write(json.dumps({"summary": summary}).encode() + b"\n")
    report.seek(0)


async def _pieces(report: IO[bytes]) -> AsyncIterator[bytes]:
    while piece := await asyncio.to_thread(report.read, _CHUNK):
        yield piece


async def _lines(exported: AsyncIterator[list[dict[str, Any]]]) -> AsyncIterator[bytes]:
    async for some in exported:
        yield ("\n".join(json.dumps(who, ensure_ascii=False) for who in some) + "\n").encode()


async def _table(exported: AsyncIterator[list[dict[str, Any]]]) -> AsyncIterator[bytes]:
    yield header().encode()
    number = 0
    async for some in exported:
        yield "".join(written(number + place, who) for place, who in enumerate(some, 1)).encode()
        number += len(some)


async def _export(site: Site, audiences: Audiences) -> AsyncIterator[list[dict[str, Any]]]:
    """Read a thousand at a time: no connection is held while a slow client takes its time."""
    after: int | None = None
    while True:
        async with begin(site.engine) as connection:
            found = await store.read_page(connection, store.Filter(), after=after, limit=_AT_ONCE)
            kept = await consents.of_subscribers(connection, [who.public_id for who in found])
        if not found:
            return
        after = found[-1].id
        agreed: dict[tuple[str | None, bytes], list[dict[str, Any]]] = {}
        for one in kept:
            agreed.setdefault((one.subscriber, bytes(one.seal)), []).append(_consent(one))
        secret = site.settings.secret.get_secret_value()
        yield [_exported(who, audiences, secret, agreed) for who in found]


def _consent(one: Consent) -> dict[str, Any]:
    told = {"what": one.what, "how": one.how, "at": moment(one.at), "network": one.network, "wording": one.wording}
    return told | ({"by": one.by} if one.by else {}) | ({"basis": one.basis} if one.basis else {})


def _exported(
    who: store.Subscriber,
    audiences: Audiences,
    secret: str,
    agreed: Mapping[tuple[str | None, bytes], list[dict[str, Any]]],
) -> dict[str, Any]:
    return {
        "name": who.name,
        "locale": who.locale,
        "time_zone": who.time_zone,
        "audiences": [audience.name for audience in audiences.in_mask(who.audiences)],
        "endpoints": [
            _exported_endpoint(endpoint, who)
            | {"consent": agreed.get((who.public_id, seal(secret, endpoint.channel, endpoint.key)), [])}
            for endpoint in who.endpoints
        ],
    }


def _exported_endpoint(endpoint: store.Endpoint, who: store.Subscriber) -> dict[str, Any]:
    # Ids are not the same elsewhere: a fallback is named by its address.
    names = {one.public_id: f"{one.channel}:{one.address}" for one in who.endpoints}
    fallback = None if endpoint.fallback is None else names[endpoint.fallback]
    settled = endpoint.state not in {EndpointState.ACTIVE, EndpointState.UNCONFIRMED}
    return {
        "channel": endpoint.channel,
        "address": shown(endpoint.address),
        "confirmed": endpoint.state is EndpointState.ACTIVE,
        "state": endpoint.state if settled else None,
        "locale": endpoint.locale,
        "follows": endpoint.follows,
        "only_follows": endpoint.only_follows,
        "snoozed": {incident: moment(until) for incident, until in sorted(endpoint.snoozed.items())},
        "preference": show_preference(endpoint) | {"fallback": fallback},
    }
