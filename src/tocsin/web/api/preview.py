"""What an incident or update would do, before it is posted: the same body, nothing sent and nothing written."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter

from tocsin.domain.audience import Audiences
from tocsin.domain.look import Caution
from tocsin.domain.scope import Scope
from tocsin.domain.update import Draft
from tocsin.services.cautions import cautions
from tocsin.services.preview import Preview, preview_incident, preview_update
from tocsin.services.samples import Sample, render
from tocsin.services.tell_story import Teller
from tocsin.web.api.incident_bodies import NewIncident, NewUpdate, drafted
from tocsin.web.api.shown import moment
from tocsin.web.auth import needs
from tocsin.web.deps import Site, SiteDep
from tocsin.web.each_key_once import EachKeyOnce
from tocsin.web.pages.reader import languages

router = APIRouter(prefix="/v1/incidents", tags=["incidents"], route_class=EachKeyOnce)
_NEEDS = [needs(Scope.INCIDENTS_WRITE)]


@router.post("/preview", dependencies=_NEEDS, summary="See what opening an incident would do")
async def preview_new(body: NewIncident, site: SiteDep) -> dict[str, Any]:
    """Say who would hear, in which words, and what to think about. Nothing is sent, nothing is written."""
    draft = await _draft(body, site)
    return await show_preview(await preview_incident(site.engine, draft, site.policy, site.audiences), site)


@router.post("/{which}/updates/preview", dependencies=_NEEDS, summary="See what saying more would do")
async def preview_more(which: str, body: NewUpdate, site: SiteDep) -> dict[str, Any]:
    """Say the same of an update to an incident. Nothing is sent, nothing is written."""
    draft = await _draft(body, site)
    return await show_preview(await preview_update(site.engine, which, draft, site.policy, site.audiences), site)


async def _draft(body: NewIncident | NewUpdate, site: Site) -> Draft:
    async with site.pool.acquire() as connection:
        return await drafted(connection, body, site.audiences)


async def show_preview(found: Preview, site: Site) -> dict[str, Any]:
    audiences, said = site.audiences, found.snapshot
    teller = Teller(audiences, languages(), brand=site.settings.brand, url=site.settings.url)
    # Rendering takes milliseconds each, and nobody else should wait for it.
    samples = await asyncio.to_thread(render, found, site.channels, teller, audiences)
    return {
        "version": said.version,
        "status": said.status,
        "severity": said.severity.label,
        "impact": said.impact,
        "kind": said.kind,
        "phase": said.phase.label,
        "title": said.title,
        "audiences": [audience.name for audience in audiences.in_mask(said.audiences)],
        "components": said.components,
        "next_update_at": moment(said.next_update_at),
        "reach": _reach(found, audiences),
        "samples": [_sample(sample) for sample in samples],
        "warnings": [_caution(caution) for caution in cautions(found, samples, audiences)],
    }


def _reach(found: Preview, audiences: Audiences) -> dict[str, Any]:
    names = {audience.id: audience.name for audience in audiences.ordered}
    would: dict[str, int] = {"hear": 0, "not_hear": 0}
    cells: dict[str, dict[str, dict[str, Any]]] = {}
    reasons: dict[str, int] = {}
    for one in found.reach:
        cell = cells.setdefault(names[one.audience], {}).setdefault(one.channel, {"hear": 0, "not_hear": {}})
        if one.reason is None:
            would["hear"] += one.n
            cell["hear"] += one.n
        else:
            would["not_hear"] += one.n
            cell["not_hear"][one.reason] = cell["not_hear"].get(one.reason, 0) + one.n
            reasons[one.reason] = reasons.get(one.reason, 0) + one.n
    return {**would, "by_audience": cells, "by_reason": reasons}


def _sample(sample: Sample) -> dict[str, Any]:
    return {
        "channel": sample.channel,
        "audience": sample.audience,
        "language": sample.language,
        "endpoints": sample.hearers,
        "content": dict(sample.look.content),
        "warnings": [_caution(caution) for caution in sample.look.warnings],
    }


def _caution(caution: Caution) -> dict[str, str]:
    return {"code": caution.code, "detail": caution.detail}
