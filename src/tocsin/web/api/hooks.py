"""Where other systems report what is wrong: POST /hooks/{source}, each in its own form."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import SecretStr

from tocsin.domain.errors import NotFound, NotReady
from tocsin.domain.foreign_json import read_json
from tocsin.domain.scope import Scope
from tocsin.services.heed import Heeded, Rules, heed
from tocsin.web.auth import Caller, no_key
from tocsin.web.deps import Site, SiteDep
from tocsin.web.errors import Problem
from tocsin.web.hooks import cloudevents, datadog, grafana, incident_io, jsm, pagerduty, prometheus, sentry
from tocsin.web.hooks.reading import Source

router = APIRouter(prefix="/hooks", tags=["upstream"])

# As long as any request waits for a connection.
_PATIENCE_SECONDS: Final = 10.0
SOURCES: Final[dict[str, Source]] = {
    module.SOURCE.name: module.SOURCE
    for module in (cloudevents, datadog, grafana, incident_io, jsm, pagerduty, prometheus, sentry)
}


_DESCRIBED: Final[dict[str, Any]] = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}},
    "security": [{"key": []}, {}],
}


@router.post(
    "/{source}",
    status_code=202,
    summary="Report what is wrong, in another system's form",
    openapi_extra=_DESCRIBED,
)
async def post_hook(source: str, request: Request, site: SiteDep) -> JSONResponse:
    """Open, update or resolve an incident for each trouble that is reported. The same report again does no harm.

    It takes a key with `incidents:write`, as a bearer or as the password of basic authentication, or the system's own
    signature where its secret is set.
    """
    found = _source(source)
    raw = await request.body()
    _admit(found, request, raw, site)
    try:
        body = read_json(raw)
    except ValueError as error:
        raise Problem(400, "This is no JSON. Send what the system itself sends.") from error
    signals = found.read(body, request.headers)
    rules = _rules(site)
    async with site.pool.acquire(timeout=_PATIENCE_SECONDS) as connection, connection.transaction():
        done = await heed(connection, source, signals, rules)
    if done:
        site.hints.fan_out()
    return JSONResponse({"source": source, "signals": [_show(one) for one in done]}, 202)


@router.options("/{source}", include_in_schema=False)
async def allow(source: str, request: Request) -> Response:
    """Answer the handshake of CloudEvents: whoever asks may send, with a key."""
    _source(source)
    origin = request.headers.get("webhook-request-origin", "*")
    return Response(status_code=200, headers={"Allow": "POST", "WebHook-Allowed-Origin": origin})


def _source(name: str) -> Source:
    if name not in SOURCES:
        raise NotFound(f"There is no source {name!r}. There are: {', '.join(SOURCES)}.")
    return SOURCES[name]


def _admit(source: Source, request: Request, raw: bytes, site: Site) -> None:
    caller = request.scope.get("tocsin.caller")
    if isinstance(caller, Caller):
        caller.require(Scope.INCIDENTS_WRITE)
        return
    secrets: list[SecretStr] = getattr(site.settings.hooks, f"{source.name.replace('-', '_')}_secrets", [])
    if not any(source.is_signed(raw, request.headers, secret.get_secret_value()) for secret in secrets):
        raise no_key()


def _rules(site: Site) -> Rules:
    wanted = tuple(site.settings.hooks.audiences)
    for name in wanted:
        if name not in site.audiences.names:  # ours to mend, and whoever reports tries again
            raise NotReady(f"The setting hooks.audiences names {name!r}, and there is no such audience.")
    return Rules(site.policy, site.audiences, wanted)


def _show(one: Heeded) -> dict[str, Any]:
    return {"key": one.key, "result": one.result, "incident": one.incident}
