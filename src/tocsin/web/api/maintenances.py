"""Maintenances over HTTP: planned, moved, told of and cancelled, on the way of every update."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from tocsin.domain.maintenance import Times
from tocsin.domain.scope import Scope
from tocsin.services.preview import preview_maintenance
from tocsin.services.schedule import Asked, no_maintenance, say_more, schedule
from tocsin.store import incidents
from tocsin.store import maintenances as store
from tocsin.store.engine import Connection, begin
from tocsin.store.incidents import Update
from tocsin.store.maintenances import Maintenance
from tocsin.web.api.incident_bodies import drafted
from tocsin.web.api.incidents import links, show_published, show_update
from tocsin.web.api.maintenance_bodies import Cancellation, MoreOfMaintenance, NewMaintenance
from tocsin.web.api.paging import Paging, page
from tocsin.web.api.preview import show_preview
from tocsin.web.api.shown import moment
from tocsin.web.auth import needs
from tocsin.web.deps import Site, SiteDep
from tocsin.web.each_key_once import EachKeyOnce
from tocsin.web.once import Answer, BareWork, Once, OnceDep

router = APIRouter(prefix="/v1/maintenances", tags=["maintenances"], route_class=EachKeyOnce)

_WRITE = [needs(Scope.INCIDENTS_WRITE)]
_READ = [needs(Scope.INCIDENTS_READ)]


class Filter(Paging):
    state: Times | None = None


@router.post("", status_code=202, dependencies=_WRITE, summary="Schedule a maintenance")
async def post_maintenance(body: NewMaintenance, once: OnceDep, site: SiteDep) -> JSONResponse:
    async def work(connection: Connection) -> Answer:
        draft = await drafted(connection, body, site.audiences)
        wanted = body.by_clock(site.policy)
        said = await schedule(connection, draft, wanted, site.policy, site.audiences, once.caller.name)
        return Answer(202, show_published(said, site, "maintenances"))

    return await _answered(once, work, site)


@router.post("/preview", dependencies=_WRITE, summary="See what scheduling it would do")
async def post_preview(body: NewMaintenance, site: SiteDep) -> dict[str, Any]:
    """Say who would hear of it, in which words, and what to think about first. Nothing is sent, nothing is written."""
    async with site.pool.acquire() as connection:
        draft = await drafted(connection, body, site.audiences)
    wanted = body.by_clock(site.policy)
    found = await preview_maintenance(site.engine, draft, wanted, site.policy, site.audiences)
    return await show_preview(found, site)


@router.post("/{which}/updates", status_code=202, dependencies=_WRITE, summary="Say more, or move it")
async def post_update(which: str, body: MoreOfMaintenance, once: OnceDep, site: SiteDep) -> JSONResponse:
    return await _more(which, body, body.asked(), once, site)


@router.post("/{which}/cancel", status_code=202, dependencies=_WRITE, summary="Call it off")
async def post_cancellation(which: str, body: Cancellation, once: OnceDep, site: SiteDep) -> JSONResponse:
    """Say that it does not take place, or not to its end: an update to cancelled."""
    return await _more(which, body, Asked(), once, site)


@router.get("", dependencies=_READ, summary="List maintenances, those that were planned last first")
async def list_maintenances(asked: Annotated[Filter, Query()], site: SiteDep) -> dict[str, Any]:
    place = asked.place(1)
    async with begin(site.engine) as connection:
        found = await store.read_page(
            connection, asked.state, before=place[0] if place else None, limit=asked.limit + 1
        )
    shown = found[: asked.limit]
    after = [shown[-1].incident.id] if len(found) > asked.limit else None
    return page([_show(one, site) for one in shown], after)


@router.get("/{which}", dependencies=_READ, summary="Show a maintenance with its updates")
async def get_maintenance(which: str, site: SiteDep) -> dict[str, Any]:
    async with begin(site.engine) as connection:
        found = await store.find(connection, which)
        if found is None:
            raise no_maintenance(which)
        updates = await incidents.read_updates(connection, found.incident.id)
    return _show(found, site) | {"updates": [_show_update(update, site) for update in updates]}


async def _more(
    which: str, body: MoreOfMaintenance | Cancellation, asked: Asked, once: Once, site: Site
) -> JSONResponse:
    async def work(connection: Connection) -> Answer:
        draft = await drafted(connection, body, site.audiences)
        said = await say_more(connection, which, draft, asked, site.policy, site.audiences, once.caller.name)
        return Answer(202, show_published(said, site, "maintenances"))

    return await _answered(once, work, site)


async def _answered(once: Once, work: BareWork, site: Site) -> JSONResponse:
    answer = await once.swiftly(work)
    site.hints.fan_out()
    return answer


def _show(found: Maintenance, site: Site) -> dict[str, Any]:
    incident, now = found.incident, found.incident.latest.snapshot
    assert now.window is not None, "a constraint of the table"
    return {
        "id": incident.public_id,
        "ref": incident.ref,
        "version": now.version,
        "title": now.title,
        "status": now.status,
        "components": list(now.components),
        "audiences": [audience.name for audience in site.audiences.in_mask(now.audiences)],
        "scheduled_for": moment(now.window.starts_at),
        "scheduled_until": moment(now.window.ends_at),
        "auto_start": found.by_clock.auto_start,
        "auto_complete": found.by_clock.auto_complete,
        "remind_before": round(found.by_clock.remind_before.total_seconds()),
        "ended_at": moment(incident.resolved_at),
        "created_at": moment(incident.created_at),
        "updated_at": moment(incident.updated_at),
        "metadata": incident.metadata,
        "links": links(incident.public_id, site, "maintenances", is_public=now.is_public),
    }


def _show_update(update: Update, site: Site) -> dict[str, Any]:
    shown = show_update(update, site.audiences)
    window = update.snapshot.window
    assert window is not None, "a constraint of the table"
    for name in ("severity", "impact", "kind", "phase", "next_update_at"):  # those of incidents
        del shown[name]
    shown["components"] = list(update.snapshot.components)
    return shown | {"scheduled_for": moment(window.starts_at), "scheduled_until": moment(window.ends_at)}
