"""What can be done to one endpoint: have whoever is there confirm it, and give it a new signing secret."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from tocsin.domain.scope import Scope
from tocsin.services.challenge import challenge
from tocsin.services.change_subscriber import show_subscriber
from tocsin.services.rotate_secret import rotate_secret
from tocsin.store.engine import begin
from tocsin.web.api.subscribers import show
from tocsin.web.auth import needs
from tocsin.web.deps import SiteDep
from tocsin.web.each_key_once import EachKeyOnce

router = APIRouter(
    prefix="/v1/subscribers/{public_id}/endpoints/{endpoint_id}", tags=["subscribers"], route_class=EachKeyOnce
)

_WRITE = [needs(Scope.SUBSCRIBERS_WRITE)]


@router.post("/confirm", dependencies=_WRITE, summary="Have a webhook's receiver confirm that it wants to be called")
async def post_confirm(public_id: str, endpoint_id: str, site: SiteDep) -> dict[str, Any]:
    """Call it with a challenge, which it has to repeat; then it is active."""
    await challenge(site.engine, site.channels, site.settings.secret.get_secret_value(), public_id, endpoint_id)
    async with begin(site.engine) as connection:
        shown = show(await show_subscriber(connection, public_id), site.audiences)
    endpoint: dict[str, Any] = next(one for one in shown["endpoints"] if one["id"] == endpoint_id)
    return endpoint


@router.post("/rotate-secret", dependencies=_WRITE, summary="Give a webhook a new signing secret")
async def post_rotate_secret(public_id: str, endpoint_id: str, site: SiteDep) -> JSONResponse:
    """Answer the new secret, this once. For a day calls carry a signature by the one before as well."""
    async with begin(site.engine) as connection:
        secret = site.settings.secret.get_secret_value()
        made = await rotate_secret(connection, site.channels, secret, public_id, endpoint_id)
    return JSONResponse({"id": endpoint_id, "secret": made}, headers={"Cache-Control": "no-store"})
