"""Incidents over HTTP: opened, updated, listed and shown. A 202 means that it cannot get lost any more."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from tocsin.domain.audience import Audiences
from tocsin.domain.incident import INCIDENT_STATUSES, OPEN_INCIDENTS, PAST_INCIDENTS
from tocsin.domain.scope import Scope
from tocsin.services.publish import Published, add_update, no_incident, open_incident
from tocsin.store import incidents as store
from tocsin.store.engine import Connection, begin
from tocsin.web.api.incident_bodies import NewIncident, NewUpdate, drafted
from tocsin.web.api.paging import Paging, page
from tocsin.web.api.shown import moment
from tocsin.web.auth import needs
from tocsin.web.deps import Site, SiteDep
from tocsin.web.each_key_once import EachKeyOnce
from tocsin.web.once import Answer, OnceDep

router = APIRouter(prefix="/v1/incidents", tags=["incidents"], route_class=EachKeyOnce)


class Filter(Paging):
    open: bool | None = None


@router.post("", status_code=202, dependencies=[needs(Scope.INCIDENTS_WRITE)], summary="Open an incident")
async def post_incident(body: NewIncident, once: OnceDep, site: SiteDep) -> JSONResponse:
    is_owed = True

    async def work(connection: Connection) -> Answer:
        nonlocal is_owed
        draft = await drafted(connection, body, site.audiences)
        said = await open_incident(connection, draft, site.policy, site.audiences, once.caller.name)
        is_owed = said.is_owed
        return Answer(202, show_published(said, site))

    answer = await once.swiftly(work)
    if is_owed:
        site.hints.fan_out()
    return answer


@router.post("/{which}/updates", status_code=202, dependencies=[needs(Scope.INCIDENTS_WRITE)], summary="Say more")
async def post_update(which: str, body: NewUpdate, once: OnceDep, site: SiteDep) -> JSONResponse:
    is_owed = True

    async def work(connection: Connection) -> Answer:
        nonlocal is_owed
        draft = await drafted(connection, body, site.audiences)
        said = await add_update(connection, which, draft, site.policy, site.audiences, once.caller.name)
        is_owed = said.is_owed
        return Answer(202, show_published(said, site))

    answer = await once.swiftly(work)
    if is_owed:
        site.hints.fan_out()
    return answer


@router.get("", dependencies=[needs(Scope.INCIDENTS_READ)], summary="List incidents, newest first")
async def list_incidents(asked: Annotated[Filter, Query()], site: SiteDep) -> dict[str, Any]:
    place = asked.place(1)
    statuses = {None: INCIDENT_STATUSES, True: OPEN_INCIDENTS, False: PAST_INCIDENTS}[asked.open]
    async with begin(site.engine) as connection:
        found = await store.read_page(connection, statuses, before=place[0] if place else None, limit=asked.limit + 1)
    shown = found[: asked.limit]
    after = [shown[-1].id] if len(found) > asked.limit else None
    return page([show_incident(incident, site) for incident in shown], after)


@router.get("/{which}", dependencies=[needs(Scope.INCIDENTS_READ)], summary="Show an incident with its updates")
async def get_incident(which: str, site: SiteDep) -> dict[str, Any]:
    async with begin(site.engine) as connection:
        incident = await store.find(connection, which)
        if incident is None:
            raise no_incident(which)
        updates = await store.read_updates(connection, incident.id)
    return show_incident(incident, site) | {"updates": [show_update(update, site.audiences) for update in updates]}


def show_incident(incident: store.Incident, site: Site) -> dict[str, Any]:
    """Return how an incident stands."""
    now = incident.latest.snapshot
    return {
        "id": incident.public_id,
        "ref": incident.ref,
        "version": now.version,
        "title": now.title,
        "status": now.status,
        "severity": now.severity.label,
        "impact": now.impact,
        "kind": now.kind,
        "components": now.components,
        "audiences": [audience.name for audience in site.audiences.in_mask(now.audiences)],
        "started_at": moment(incident.started_at),
        "resolved_at": moment(incident.resolved_at),
        "next_update_at": moment(now.next_update_at),
        "created_at": moment(incident.created_at),
        "updated_at": moment(incident.updated_at),
        "metadata": incident.metadata,
        "links": links(incident.public_id, site, is_public=now.is_public),
    }


def show_update(update: store.Update, audiences: Audiences) -> dict[str, Any]:
    """Return one version of what was said."""
    said = update.snapshot
    return {
        "id": update.public_id,
        "version": said.version,
        "status": said.status,
        "severity": said.severity.label,
        "impact": said.impact,
        "kind": said.kind,
        "phase": said.phase.label,
        "title": said.title,
        "titles": said.titles,
        "body": said.body,
        "texts": said.texts,
        "components": said.components,
        "audiences": [audience.name for audience in audiences.in_mask(said.audiences)],
        "notify": said.notify,
        "next_update_at": moment(said.next_update_at),
        "metadata": said.metadata,
        "created_by": update.created_by,
        "created_at": moment(update.created_at),
    }


def show_published(said: Published, site: Site, kind: str = "incidents") -> dict[str, Any]:
    """Return what is answered to whoever said something: its names, and where to look at it."""
    return {
        "id": said.incident_id,
        "ref": said.ref,
        "version": said.version,
        "update_id": said.update_id,
        "links": links(said.incident_id, site, kind, is_public=said.is_public),
    }


def links(incident_id: str, site: Site, kind: str = "incidents", *, is_public: bool) -> dict[str, str | None]:
    """Return where an incident, or a maintenance, is; the ledger has one place for both."""
    url = site.settings.url
    return {
        "self": f"{url}/v1/{kind}/{incident_id}",
        "deliveries": f"{url}/v1/incidents/{incident_id}/deliveries",
        "page": f"{url}/incidents/{incident_id}" if is_public else None,
    }
