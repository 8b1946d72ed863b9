"""Maintenances at the console: what is planned, under way and over; to plan one, to say more of it, to call it off."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from fastapi.responses import Response

from tocsin.domain.errors import Conflict, NotFound, Refused
from tocsin.domain.incident import Kind, Status, moves
from tocsin.domain.language import ENGLISH
from tocsin.domain.maintenance import SEVERITY, Times
from tocsin.services.publish import Published
from tocsin.services.schedule import Asked, no_maintenance, say_more, schedule
from tocsin.store import components, incidents
from tocsin.store import maintenances as store
from tocsin.store.console import now as now_of
from tocsin.store.engine import Connection, begin
from tocsin.store.maintenances import Maintenance
from tocsin.web.deps import Site, SiteDep
from tocsin.web.pages.console_frame import go, show
from tocsin.web.pages.console_frame import problem as no_such
from tocsin.web.pages.console_maintenance_form import REMINDERS, Typed
from tocsin.web.pages.session import Form, Operator

router = APIRouter(prefix="/console/maintenances", include_in_schema=False)

_HERE: Final = "/console/maintenances"
_MOST: Final = 200
_A_PAGE: Final = 20
Number = Annotated[int | None, Query(ge=1, le=2**31 - 1)]


@router.get("")
async def show_all(site: SiteDep, operator: Operator, before: Number = None) -> Response:
    return await _all(site, operator, Typed(), before=before)


@router.post("")
async def plan(site: SiteDep, operator: Operator, form: Form) -> Response:
    typed = Typed.read(form)

    async def work(connection: Connection) -> Published:
        draft, wanted = typed.plan(site.policy)
        return await schedule(connection, draft, wanted, site.policy, site.audiences, operator.email)

    said, problem = await _try(site, work)
    return go(f"{_HERE}/{said.ref}") if said else await _all(site, operator, typed, problem=problem, status_code=422)


@router.get("/{which}")
async def show_one(which: str, site: SiteDep, operator: Operator) -> Response:
    return await _one(site, operator, which)


@router.post("/{which}")
async def more(which: str, site: SiteDep, operator: Operator, form: Form) -> Response:
    typed = Typed.read(form)

    async def work(connection: Connection) -> Published:
        found = await store.find_and_lock(connection, which)
        if found is None:
            raise no_maintenance(which)
        draft, asked = typed.change(found)
        return await say_more(connection, which, draft, asked, site.policy, site.audiences, operator.email)

    said, problem = await _try(site, work)
    return go(f"{_HERE}/{said.ref}") if said else await _one(site, operator, which, typed, problem)


@router.post("/{which}/cancel")
async def cancel(which: str, site: SiteDep, operator: Operator, form: Form) -> Response:
    typed = Typed.read(form)

    async def work(connection: Connection) -> Published:
        draft = typed.cancellation()
        return await say_more(connection, which, draft, Asked(), site.policy, site.audiences, operator.email)

    said, problem = await _try(site, work)
    return go(f"{_HERE}/{said.ref}") if said else await _one(site, operator, which, Typed(why=typed.why), problem)


async def _try(site: Site, work: Callable[[Connection], Awaitable[Published]]) -> tuple[Published | None, str]:
    """Do it in one transaction; return what was said, or what stands in its way."""
    try:
        async with site.pool.acquire() as connection, connection.transaction():
            said = await work(connection)
    except (Refused, Conflict, NotFound) as error:
        return None, str(error.args[0])
    site.hints.fan_out()
    return said, ""


async def _all(
    site: Site,
    operator: Operator,
    typed: Typed,
    *,
    before: int | None = None,
    problem: str = "",
    status_code: int = 200,
) -> Response:
    async with begin(site.engine) as connection:
        now = await now_of(connection)
        upcoming = await store.read_page(connection, Times.UPCOMING, before=None, limit=_MOST)
        active = await store.read_page(connection, Times.ACTIVE, before=None, limit=_MOST)
        past = await store.read_page(connection, Times.PAST, before=before, limit=_A_PAGE + 1)
        known = await components.read(connection, None, _MOST)
    context: dict[str, Any] = {
        "upcoming": sorted(upcoming, key=_begins),
        "active": sorted(active, key=_begins),
        "past": past[:_A_PAGE],
        "more": past[_A_PAGE - 1].incident.id if len(past) > _A_PAGE else None,
        "is_first": before is None,
        "components": [(one.slug, one.name) for one in known],
        "reminders": list(REMINDERS.items()),
        "addressed": ENGLISH.listed(site.policy.audiences_for(SEVERITY, Kind.STANDARD)),
        "typed": typed,
        "problem": problem,
        "now": now,
    }
    return show("maintenances", site, operator, "maintenances", live=None, status_code=status_code, **context)


async def _one(site: Site, operator: Operator, which: str, typed: Typed | None = None, problem: str = "") -> Response:
    async with begin(site.engine) as connection:
        found = await store.find(connection, which)
        updates = [] if found is None else await incidents.read_updates(connection, found.incident.id)
        known = await components.read(connection, None, _MOST)
    if found is None:
        return no_such(site, operator, no_maintenance(which), 404)
    said = found.incident.latest.snapshot
    before = Typed.of(found)
    if typed is not None and not typed.status:  # it was the form that calls it off
        typed = replace(before, why=typed.why)
    offered = [(one.slug, one.name) for one in known]
    offered += [(slug, slug) for slug in said.components if slug not in dict(offered)]
    context: dict[str, Any] = {
        "ref": found.incident.ref,
        "id": found.incident.public_id,
        "said": said,
        "updates": updates,
        "statuses": [
            (status.value, status.replace("_", " ")) for status in moves(said.status) if status is not Status.CANCELLED
        ],
        "components": offered,
        "addressed": ENGLISH.listed([one.name for one in site.audiences.in_mask(said.audiences)]),
        "typed": replace(typed or before, seen=before.seen),
        "problem": problem,
    }
    status_code = 422 if problem else 200
    return show("maintenance", site, operator, "maintenances", live=None, status_code=status_code, **context)


def _begins(one: Maintenance) -> float:
    window = one.incident.latest.snapshot.window
    assert window is not None, "a constraint of the table"
    return window.starts_at.timestamp()
