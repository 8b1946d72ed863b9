"""What operators have silenced for a while: what, until when and why; to silence more, and to lift it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.datastructures import FormData

from tocsin.domain.channel import ChannelName
from tocsin.domain.errors import NotFound, Refused
from tocsin.domain.text import one_line
from tocsin.services.board import list_incidents
from tocsin.services.mute import NewMute, mute, unmute
from tocsin.store import components
from tocsin.store import mutes as store
from tocsin.store.console import now as now_of
from tocsin.store.engine import begin
from tocsin.web.deps import Site, SiteDep
from tocsin.web.pages.console_frame import go, show
from tocsin.web.pages.session import Form, Operator

router = APIRouter(prefix="/console/mutes", include_in_schema=False)

_HERE: Final = "/console/mutes"
_MOST_COMPONENTS: Final = 500
_LONGEST_REASON: Final = 100  # as the API takes it
_HOURS: Final = {"1": "for an hour", "4": "for four hours", "24": "for a day", "168": "for a week"}


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the form, right or wrong: an error keeps it."""

    incident: str = ""
    component: str = ""
    channel: str = ""
    hours: str = "1"
    until: str = ""
    reason: str = ""


@router.get("")
async def show_mutes(
    site: SiteDep, operator: Operator, incident: str = "", component: str = "", channel: str = "", ended: str = ""
) -> Response:
    return await _show(site, operator, Typed(incident[:64], component[:64], channel[:64]), ended=bool(ended))


@router.post("")
async def act(site: SiteDep, operator: Operator, form: Form) -> Response:
    typed = _read(form)
    try:
        async with begin(site.engine) as connection:
            await mute(connection, await _wanted(typed, site), operator.email)
    except (Refused, NotFound) as error:
        return await _show(site, operator, typed, problem=str(error.args[0]), status_code=422)
    return _back("muted")


@router.post("/{public_id}/end")
async def end(public_id: str, site: SiteDep, operator: Operator, form: Form) -> Response:
    """Lift one: whoever is owed news is told how things stand."""
    del form
    try:
        async with begin(site.engine) as connection:
            await unmute(connection, public_id, operator.email)
    except NotFound as error:
        return await _show(site, operator, Typed(), problem=str(error.args[0]), status_code=404)
    site.hints.fan_out()
    return _back("lifted")


def _back(done: str) -> Response:
    return go(f"{_HERE}#{done}")


def _read(form: FormData) -> Typed:
    def said(name: str) -> str:
        value = form.get(name)
        return value[:200].replace("\0", "").strip() if isinstance(value, str) else ""

    return Typed(said("incident"), said("component"), said("channel"), said("hours"), said("until"), said("reason"))


async def _wanted(typed: Typed, site: Site) -> NewMute:
    """Return the mute that is wanted; raise Refused, saying what to mend."""
    if typed.channel and typed.channel not in site.channels:
        raise Refused(f"There is no channel {typed.channel!r} here.", field="channel")
    if len(typed.reason) > _LONGEST_REASON:
        raise Refused(f"A reason has at most {_LONGEST_REASON} characters.", field="reason")
    if not typed.reason:
        raise Refused("Say why: whoever asks why nothing came reads it.", field="reason")
    return NewMute(
        one_line(typed.reason, "reason"),
        await _until(typed, site),
        typed.incident or None,
        typed.component or None,
        ChannelName(typed.channel) if typed.channel else None,
    )


async def _until(typed: Typed, site: Site) -> datetime:
    if typed.hours in _HOURS and not typed.until:
        async with begin(site.engine) as connection:
            return await now_of(connection) + timedelta(hours=int(typed.hours))
    try:
        at = datetime.fromisoformat(typed.until)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Refused("Say until when: a day and an hour in UTC.", field="until") from error


async def _show(
    site: Site, operator: Operator, typed: Typed, *, problem: str = "", ended: bool = False, status_code: int = 200
) -> Response:
    open_, _, now, _ = await list_incidents(site.engine, None)
    async with begin(site.engine) as connection:
        shown = await store.read(connection, ended=ended)
        known = await components.read(connection, None, _MOST_COMPONENTS)
    incidents = [(one.ref, f"{one.ref}: {one.latest.snapshot.title}") for one in open_]
    if typed.incident and typed.incident not in dict(incidents):
        incidents.append((typed.incident, typed.incident))
    context: dict[str, Any] = {
        "incidents": incidents,
        "components": [(one.slug, one.name) for one in known],
        "channels": [
            (one.value, one.value.capitalize()) for one in site.channels if one is not ChannelName.STATUS_PAGE
        ],
        "hours": list(_HOURS.items()),
        "mutes": shown,
        "typed": typed,
        "problem": problem,
        "ended": ended,
        "now": now,
    }
    return show("mutes", site, operator, "mutes", live=None, status_code=status_code, **context)
