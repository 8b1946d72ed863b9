"""Subscribers at the console: found by name or address, and one of them with all that is known and can be done."""

from __future__ import annotations

from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from tocsin.domain.channel import ChannelName
from tocsin.domain.endpoint import EndpointState
from tocsin.domain.errors import Conflict, NotFound
from tocsin.domain.subscription import spoken
from tocsin.services.board import PAGE_SIZE
from tocsin.services.look_after import ASKED_THERE, LIFTED, UNSURE
from tocsin.services.subscriber_story import read_subscriber
from tocsin.store import subscribers as store
from tocsin.store.engine import begin
from tocsin.store.subscribers import Endpoint
from tocsin.web.caller import caller_network
from tocsin.web.deps import Site, SiteDep
from tocsin.web.pages.console_deeds import SURE, press
from tocsin.web.pages.console_frame import go, problem, show
from tocsin.web.pages.session import Form, Operator

router = APIRouter(prefix="/console/subscribers", include_in_schema=False)

STATES: Final = {
    EndpointState.UNCONFIRMED: "Unconfirmed",
    EndpointState.ACTIVE: "Active",
    EndpointState.PAUSED: "Paused",
    EndpointState.QUARANTINED: "In quarantine",
    EndpointState.OPTED_OUT: "Opted out",
}
_DONE: Final = {
    "lift": "It is written to again.",
    "ask": "The question is on its way, unless this address was asked too often today or forbade it.",
    "stop": "Nothing more is sent there.",
    "remove": "The address is removed.",
    "pause": "Everything waits. What changes meanwhile comes in one message at the end.",
    "resume": "They are written to again. What they missed is on its way.",
}
Number = Annotated[int, Query(ge=0, le=2**31 - 1)]


@router.get("")
async def list_subscribers(
    site: SiteDep,
    operator: Operator,
    q: Annotated[str, Query(max_length=320)] = "",
    audience: str = "",
    channel: str = "",
    state: str = "",
    after: Number = 0,
) -> Response:
    """List them, oldest first, narrowed to what was asked for."""
    part = q.replace("\0", "").strip()
    only = store.Filter(
        audiences=site.audiences.mask([audience]) if audience in site.audiences.names else None,
        part=part or None,
        channel=channel if channel in set(ChannelName) else None,
        state=state if state in set(EndpointState) else None,
    )
    async with begin(site.engine) as connection:
        found = await store.read_page(connection, only, after=after, limit=PAGE_SIZE + 1)
    asked = {"q": part, "audience": audience, "channel": channel, "state": state}
    narrowed = {name: value for name, value in asked.items() if value}
    return show(
        "subscribers",
        site,
        operator,
        "subscribers",
        live=None,
        found=found[:PAGE_SIZE],
        more=urlencode(narrowed | {"after": found[PAGE_SIZE - 1].id}) if len(found) > PAGE_SIZE else "",
        first=urlencode(narrowed) if after else "",
        asked=asked,
        is_narrowed=bool(narrowed),
        **_words(site),
    )


@router.get("/{public_id}")
async def show_subscriber(
    public_id: str,
    site: SiteDep,
    operator: Operator,
    incident: str = "",
    sure: str = "",
    endpoint: str = "",
    done: str = "",
) -> Response:
    """Show one; `incident` asks why they heard of it or not, `sure` whether something is really to be done."""
    said = _DONE.get(done, "")
    try:
        return await _show(site, operator, public_id, incident=incident, sure=sure, endpoint=endpoint, done=said)
    except NotFound as error:
        return problem(site, operator, error, 404)


@router.post("/{public_id}")
async def act(public_id: str, request: Request, site: SiteDep, operator: Operator, form: Form) -> Response:
    """Do one thing for them, in one transaction or not at all."""
    try:
        who = await press(site, operator.email, public_id, form, caller_network(request))
    except NotFound as error:
        return problem(site, operator, error, 404)
    except Conflict as error:
        return await _show(site, operator, public_id, wrong=str(error.args[0]))
    for name in site.channels:
        if any(one.channel == name for one in who.endpoints):
            site.hints.deliver(name)
    do = form.get("do")
    return go("/console/subscribers" if do == "delete" else f"/console/subscribers/{public_id}?done={do}")


async def _show(
    site: Site,
    operator: Operator,
    public_id: str,
    *,
    incident: str = "",
    sure: str = "",
    endpoint: str = "",
    done: str = "",
    wrong: str = "",
) -> Response:
    async with begin(site.engine) as connection:
        story = await read_subscriber(connection, public_id, incident)
    chosen = next((one for one in story.who.endpoints if one.public_id == endpoint), None)
    is_asked = sure in SURE and (chosen is not None or sure == "delete")
    return show(
        "subscriber",
        site,
        operator,
        "subscribers",
        live=None,
        status_code=409 if wrong else 200,
        story=story,
        who=story.who,
        title=story.who.name or next((spoken(one.address) for one in story.who.endpoints), "No name"),
        addresses={one.public_id: spoken(one.address) for one in story.who.endpoints},
        sure=sure if is_asked else "",
        chosen=chosen,
        done=done,
        wrong=wrong,
        can_ask=_can_ask,
        can_lift=_can_lift,
        **_words(site),
    )


def _can_ask(one: Endpoint) -> bool:
    return one.state in UNSURE and one.channel in ASKED_THERE


def _can_lift(one: Endpoint) -> bool:
    return one.state in LIFTED


def _words(site: Site) -> dict[str, Any]:
    def audiences_in(mask: int) -> list[str]:
        return [one.name for one in site.audiences.in_mask(mask)]

    return {
        "states": STATES,
        "audiences": [one.name for one in site.audiences.ordered],
        "audiences_in": audiences_in,
        "channels": [one.value for one in site.channels if one is not ChannelName.STATUS_PAGE],
        "spoken": spoken,
    }
