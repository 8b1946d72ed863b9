"""For load balancers and monitoring: is it alive, can it do its work, what does it count."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST

from tocsin.services.health import Check, check_health
from tocsin.web.deps import SiteDep
from tocsin.web.errors import MEDIA_TYPE, Problem, answer
from tocsin.web.metrics import Metrics
from tocsin_channels.registry_words import read_words

router = APIRouter(tags=["health"])


@router.get("/healthz", response_class=PlainTextResponse, summary="Is this process alive?")
async def healthz() -> str:
    return "alive\n"


@router.get("/readyz", summary="Can it do its work?")
async def readyz(site: SiteDep) -> JSONResponse:
    """503 names what is missing.

    What pages and intake work without does not make it unready: a broker that is away, words that cannot be followed,
    canaries that do not arrive.
    """
    checks = await check_health(site.engine, site.settings.broker_url, site.canaries)
    if site.later.audiences is None:
        checks.append(Check("audiences", ok=False, detail="were not read from the database yet", needed=True))
    faults = read_words().faults
    checks.append(Check("templates", ok=not faults, detail=" ".join(faults) or "can be followed", needed=False))
    missing = [check for check in checks if check.needed and not check.ok]
    content: dict[str, Any] = {"checks": {one.name: {"ok": one.ok, "detail": one.detail} for one in checks}}
    if not missing:
        return JSONResponse({"status": "ready"} | content, headers={"Cache-Control": "no-store"})
    detail = " ".join(f"The {one.name} {one.detail}" for one in missing)
    problem = answer(Problem(503, detail, headers={"Retry-After": "2", "Cache-Control": "no-store"}), content)
    assert problem.media_type == MEDIA_TYPE
    return problem


@router.get("/metrics", response_class=PlainTextResponse, summary="What it counts, for Prometheus")
async def metrics(request: Request, site: SiteDep) -> Response:
    found = request.app.state.metrics
    assert isinstance(found, Metrics)
    return Response(await found.render(site.engine), media_type=CONTENT_TYPE_LATEST)
