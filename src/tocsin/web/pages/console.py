"""The console: what was said, who has heard it, who has not, and why."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from fastapi.responses import RedirectResponse, Response

from tocsin.domain.board import STATE_WORDS
from tocsin.domain.delivery import Reason, State
from tocsin.domain.errors import DeliveryError, NotFound
from tocsin.services import board
from tocsin.store.channels import read_pauses
from tocsin.store.console import Listed, waiting
from tocsin.store.engine import begin
from tocsin.web.deps import Site, SiteDep
from tocsin.web.pages.layout import PRIVATE_HEADERS, page
from tocsin.web.pages.session import Operator

router = APIRouter(prefix="/console", include_in_schema=False)

_BUSY_SECONDS: Final = 1
_QUIET_SECONDS: Final = 10


@router.get("")
async def start(operator: Operator) -> Response:
    del operator
    return RedirectResponse("/console/incidents", 303, headers=PRIVATE_HEADERS)


@router.get("/incidents")
async def show_incidents(
    site: SiteDep, operator: Operator, before: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None
) -> Response:
    open_, over, now, more = await board.list_incidents(site.engine, before)
    return _show(
        "console/incidents.html",
        site,
        operator,
        live=_QUIET_SECONDS,
        here="incidents",
        open=open_,
        over=over,
        now=now,
        more=more,
        is_first=before is None,
    )


@router.get("/incidents/{which}")
async def show_incident(
    which: str, site: SiteDep, operator: Operator, version: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None
) -> Response:
    try:
        found = await board.read_board(site.engine, which, version)
    except NotFound as error:
        return _missing(site, operator, error)
    return _show(
        "console/incident.html",
        site,
        operator,
        live=_QUIET_SECONDS if found.board.total.is_done else _BUSY_SECONDS,
        here="incidents",
        found=found,
        now=found.now,
        state_words=STATE_WORDS,
        state=State,
    )


@router.get("/incidents/{which}/deliveries")
async def show_deliveries(
    which: str,
    site: SiteDep,
    operator: Operator,
    version: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
    state: str = "",
    channel: str = "",
    audience: str = "",
    after: str = "",
) -> Response:
    listed = Listed(state or None, channel or None, audience or None)
    try:
        found = await board.list_deliveries(site.engine, which, version, listed, after)
    except NotFound as error:
        return _missing(site, operator, error)
    return _show(
        "console/deliveries.html",
        site,
        operator,
        live=_QUIET_SECONDS,
        here="incidents",
        found=found,
        listed=listed,
        after=after,
        state_words=STATE_WORDS,
        state=State,
        reason=Reason,
    )


@router.get("/deliveries/{delivery_id}")
async def show_delivery(delivery_id: str, site: SiteDep, operator: Operator) -> Response:
    try:
        story = await board.read_delivery(site.engine, delivery_id)
    except NotFound as error:
        return _missing(site, operator, error)
    return _show(
        "console/delivery.html",
        site,
        operator,
        live=_QUIET_SECONDS,
        here="incidents",
        story=story,
        delivery_id=delivery_id,
        state_words=STATE_WORDS,
        state=State,
    )


@router.get("/channels")
async def show_channels(site: SiteDep, operator: Operator) -> Response:
    async with begin(site.engine) as connection:
        work = await waiting(connection)
        pauses = await read_pauses(connection)
    checked: list[dict[str, Any]] = []
    for name, channel in site.channels.items():
        try:
            said, works = await channel.check(), True
        except DeliveryError as error:
            said, works = error.note, False
        checked.append(
            {
                "name": name.value,
                "provider": channel.provider,
                "said": said,
                "works": works,
                "paused": pauses.get(name),
                "due": work.get(name, (0, None))[0],
                "oldest": work.get(name, (0, None))[1],
            }
        )
    return _show("console/channels.html", site, operator, here="channels", channels=checked, now=datetime.now(UTC))


def _show(template: str, site: Site, operator: Operator, **context: Any) -> Response:
    return page(template, brand=site.settings.brand, operator=operator, **context)


def _missing(site: Site, operator: Operator, error: NotFound) -> Response:
    return page(
        "console/missing.html",
        status_code=404,
        brand=site.settings.brand,
        operator=operator,
        here="",
        problem=str(error.args[0]),
    )
