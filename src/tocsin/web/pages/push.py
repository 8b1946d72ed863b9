"""What the page's scripts send: notify this browser, or no longer. The answer is the same whoever asks.

Nobody can be subscribed by another site's page: the body must be JSON, which a form cannot send, from our own origin.
"""

from __future__ import annotations

import re
from typing import Any, Final

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import Response
from limits import RateLimitItemPerMinute

from tocsin.domain.channel import ChannelName
from tocsin.domain.subscription import Subscription, kept_subscription
from tocsin.services.address import read_address
from tocsin.services.subscribe_browser import end_browser, subscribe_browser
from tocsin.web.api.fields import Body
from tocsin.web.caller import caller_network
from tocsin.web.deps import Site, SiteDep
from tocsin.web.pages.layout import PRIVATE_HEADERS
from tocsin.web.pages.session import refuse_other_origins

_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}").fullmatch
_WAIT_SECONDS: Final = 15 * 60
# An office full of people shares a network.
_PER_CALLER: Final = RateLimitItemPerMinute(60, 15)


class BrowserBody(Body):
    subscription: dict[str, Any]


class NewBrowserBody(BrowserBody):
    """`language` as browsers name theirs; `replaces` is the subscription that this one takes the place of."""

    language: str = "en"
    replaces: dict[str, Any] | None = None


async def _is_ours(request: Request, site: SiteDep) -> None:
    """Refuse other sites' pages, what a form could send, and whoever asks too often."""
    refuse_other_origins(request)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise HTTPException(415, "Send JSON with the header `Content-Type: application/json`.")
    if not await site.tries.hit(_PER_CALLER, "browser", caller_network(request)):
        raise HTTPException(
            429,
            "That was asked too often from your network. Wait a quarter of an hour.",
            headers={"Retry-After": str(_WAIT_SECONDS)},
        )


router = APIRouter(prefix="/subscribe/push", include_in_schema=False, dependencies=[Depends(_is_ours)])


@router.post("")
async def begin(body: NewBrowserBody, site: SiteDep) -> Response:
    """Notify this browser from now on."""
    browser = _read(body.subscription, site)
    replaces = None if body.replaces is None else _read(body.replaces, site)
    locale = body.language if _LANGUAGE(body.language) else "en"
    await subscribe_browser(site.engine, site.audiences, browser, locale, replaces)
    return _done()


@router.post("/end")
async def end(body: BrowserBody, site: SiteDep) -> Response:
    """Notify this browser no longer."""
    await end_browser(site.engine, _read(body.subscription, site))
    return _done()


def _read(given: dict[str, Any], site: Site) -> Subscription:
    return kept_subscription(read_address(ChannelName.PUSH, given, site.channels).written)


def _done() -> Response:
    return Response(status_code=204, headers=PRIVATE_HEADERS)
