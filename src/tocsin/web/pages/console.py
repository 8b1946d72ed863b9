"""The console: what was said, who has heard it, who has not, and why."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Query
from fastapi.responses import Response

from tocsin.domain.channel import Channel, ChannelName, providers_of, shown_provider, way_by
from tocsin.domain.delivery import State
from tocsin.domain.errors import Conflict, DeliveryError, NotFound
from tocsin.services import board, second_try
from tocsin.services.canary import said_of
from tocsin.services.choose_providers import carriers
from tocsin.services.health import check_audit
from tocsin.store import ledger, unlisted
from tocsin.store.canaries import flights
from tocsin.store.channels import read_pauses
from tocsin.store.console import waiting
from tocsin.store.engine import begin
from tocsin.web.deps import Site, SiteDep
from tocsin.web.pages.console_frame import QUIET_SECONDS, go, place_of, problem, show
from tocsin.web.pages.session import Form, Operator

router = APIRouter(prefix="/console", include_in_schema=False)

_BUSY_SECONDS: Final = 1
Number = Annotated[int | None, Query(ge=1, le=2**31 - 1)]


@router.get("")
async def start(operator: Operator) -> Response:
    del operator
    return go("/console/incidents")


@router.get("/incidents")
async def show_incidents(site: SiteDep, operator: Operator, before: Number = None) -> Response:
    open_, over, now, more = await board.list_incidents(site.engine, before)
    shown: dict[str, Any] = {"open": open_, "over": over, "now": now, "more": more, "is_first": before is None}
    return show("incidents", site, operator, "incidents", **shown)


@router.get("/incidents/{which}")
async def show_incident(which: str, site: SiteDep, operator: Operator, version: Number = None) -> Response:
    try:
        found = await board.read_board(site.engine, which, version)
    except NotFound as error:
        return problem(site, operator, error, 404)
    is_done = found.is_written and found.board.total.is_done
    return show(
        "incident",
        site,
        operator,
        place_of(found.incident.latest.snapshot),
        live=QUIET_SECONDS if is_done else _BUSY_SECONDS,
        found=found,
        now=found.now,
    )


@router.get("/incidents/{which}/deliveries")
async def show_deliveries(
    which: str,
    site: SiteDep,
    operator: Operator,
    version: Number = None,
    state: str = "",
    channel: str = "",
    audience: str = "",
    after: str = "",
    retried: Annotated[int | None, Query(ge=0)] = None,
) -> Response:
    try:
        only = ledger.Filter(_state(state), channel or None)
        found = await board.list_deliveries(site.engine, which, version, only, audience, after)
    except NotFound as error:
        return problem(site, operator, error, 404)
    return show(
        "deliveries",
        site,
        operator,
        place_of(found.incident.latest.snapshot),
        found=found,
        only=only,
        audience=audience,
        after=after,
        retried=retried,
        can_retry=found.is_latest and only.state in second_try.AGAIN,
        why=board.in_words,
    )


@router.post("/incidents/{which}/retry")
async def retry_incident(which: str, site: SiteDep, operator: Operator, form: Form) -> Response:
    """Try again what failed, or came back, of an incident."""
    try:
        incident, done = await second_try.retry_incident(site.engine, which, _state(str(form.get("state", ""))))
    except NotFound as error:
        return problem(site, operator, error, 404)
    except Conflict as error:
        return problem(site, operator, error, 409)
    _hint(site, done.channels)
    version = incident.latest.snapshot.version
    return go(f"/console/incidents/{incident.ref}/deliveries?version={version}&retried={done.n}")


@router.get("/deliveries/{delivery_id}")
async def show_delivery(delivery_id: str, site: SiteDep, operator: Operator) -> Response:
    try:
        story = await board.read_delivery(site.engine, delivery_id)
    except NotFound as error:
        return problem(site, operator, error, 404)
    is_moving = story.delivery.state in {State.PENDING, State.SENDING}
    return show(
        "delivery",
        site,
        operator,
        place_of(story.incident.latest.snapshot),
        live=_BUSY_SECONDS if is_moving else QUIET_SECONDS,
        story=story,
        can_retry=story.delivery.state in second_try.AGAIN,
    )


@router.post("/deliveries/{delivery_id}/retry")
async def retry_one(delivery_id: str, site: SiteDep, operator: Operator, form: Form) -> Response:
    del form
    try:
        done = await second_try.retry_one(site.engine, delivery_id)
    except NotFound as error:
        return problem(site, operator, error, 404)
    except Conflict as error:
        return problem(site, operator, error, 409)
    _hint(site, done.channels)
    return go(f"/console/deliveries/{quote(delivery_id)}")


@router.get("/channels")
async def show_channels(site: SiteDep, operator: Operator) -> Response:
    async with begin(site.engine) as connection:
        work, pauses = await waiting(connection), await read_pauses(connection)
        carried = {name: await carriers(connection, channel) for name, channel in site.channels.items()}
        strange = await unlisted.seen(connection)
        flown = {flight.channel: flight for flight in await flights(connection)}
    canaries = site.canaries
    shown: list[dict[str, Any]] = []
    for name, channel in site.channels.items():
        works, said = await _check(channel)
        due, oldest = work.get(name, (0, None))
        shown.append(
            {
                "name": name.value,
                "provider": shown_provider(channel),
                "carriers": carried[name],
                "unlisted": [one for one in strange if one.channel == name],
                "works": works,
                "said": said,
                "paused": pauses.get(name),
                "due": due,
                "oldest": oldest,
                "canary": said_of(flown[name], canaries.every_seconds)
                if name in flown and name in canaries.addresses
                else "",
            }
        )
    audit, now = await check_audit(site.engine), datetime.now(UTC)
    return show("channels", site, operator, "channels", live=None, channels=shown, audit=audit, now=now)


async def _check(channel: Channel) -> tuple[bool, str]:
    """Ask all of its providers: a channel works where one of them does."""
    names = providers_of(channel)
    answers = await asyncio.gather(*(_ask(way_by(channel, name)) for name in names))
    if len(names) == 1:
        return answers[0]
    said = (f"{name}: {answer.rstrip('.')}." for name, (_, answer) in zip(names, answers, strict=True))
    return any(works for works, _ in answers), " ".join(said)


async def _ask(channel: Channel) -> tuple[bool, str]:
    try:
        return True, await channel.check()
    except DeliveryError as error:
        return False, error.note


def _state(name: str) -> State | None:
    try:
        return State(name) if name else None
    except ValueError as error:
        raise NotFound(f"There is no state {name!r}.") from error


def _hint(site: Site, channels: Iterable[ChannelName]) -> None:
    for channel in channels:
        site.hints.deliver(channel)
