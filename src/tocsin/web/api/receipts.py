"""Where providers report to: each channel reads its own provider's reports and refuses everybody else's."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request, Response
from starlette.status import HTTP_204_NO_CONTENT, HTTP_404_NOT_FOUND

from tocsin.domain.channel import providers_of, way_by
from tocsin.services.obey import WISHES, obey
from tocsin.services.receive import receive
from tocsin.web.deps import SiteDep
from tocsin.web.errors import Problem

router = APIRouter(tags=["receipts"])


@router.post("/receipts/{provider}", status_code=HTTP_204_NO_CONTENT)
async def take_receipts(provider: str, request: Request, site: SiteDep) -> Response:
    """Take what `provider` says of messages it was given. What it says twice changes nothing."""
    channel = next((way_by(one, provider) for one in site.channels.values() if provider in providers_of(one)), None)
    if channel is None:
        raise Problem(HTTP_404_NOT_FOUND, f"This installation sends nothing through a provider called {provider!r}.")
    query = f"?{request.url.query}" if request.url.query else ""
    url = f"{site.settings.url}{request.url.path}{query}"
    raw = await request.body()
    receipts = await asyncio.to_thread(channel.read_receipt, raw, request.headers, url)
    wishes = [receipt for receipt in receipts if receipt.kind in WISHES and receipt.address]
    told = [receipt for receipt in receipts if receipt not in wishes]
    await obey(site.engine, channel.name, wishes, site.settings.secret.get_secret_value())
    await receive(site.engine, site.settings.secret.get_secret_value(), provider, told, channel.name)
    return Response(status_code=HTTP_204_NO_CONTENT)
