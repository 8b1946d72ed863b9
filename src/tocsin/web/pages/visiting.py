"""Whoever fills in a public form: their network, their browser, and what is answered where they ask too often."""

from __future__ import annotations

import secrets
from functools import lru_cache
from typing import Final

from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from limits import RateLimitItemPerMinute

from tocsin.domain.asking import Bound, digest
from tocsin.domain.channel import ChannelName
from tocsin.domain.language import Language
from tocsin.services.ask import Asker
from tocsin.settings import Settings
from tocsin.web.caller import caller_network
from tocsin.web.deps import Site
from tocsin.web.pages.layout import PRIVATE_HEADERS, page

# This keeps a flood from the database, which counts exactly.
_PER_NETWORK: Final = RateLimitItemPerMinute(60, 1)
_COOKIE: Final = "tocsin-join"
_HOUR: Final = 3600


async def is_flooding(request: Request, site: Site) -> bool:
    """Tell whether so much comes from one network that it isn't looked at any more."""
    return not await site.tries.hit(_PER_NETWORK, "visiting", caller_network(request))


def asker(request: Request, language: Language, browser: str = "") -> Asker:
    return Asker(caller_network(request), language.code, digest(browser) if browser else None)


def new_browser() -> str:
    """Return what a browser keeps, so that it is known again when it confirms; it proves nothing by itself."""
    return secrets.token_urlsafe(32)


def is_same_browser(request: Request, kept: bytes | None) -> bool:
    """Tell whether this is the browser that asked."""
    shown = request.cookies.get(_COOKIE, "")
    return bool(shown) and kept is not None and secrets.compare_digest(digest(shown), kept)


def remember(response: Response, settings: Settings, browser: str) -> None:
    response.set_cookie(
        _COOKIE,
        browser,
        max_age=int(settings.subscribe.confirm_hours * _HOUR),
        path="/confirm",
        secure=settings.url.startswith("https://"),
        httponly=True,
        samesite="lax",
    )


def asked(settings: Settings, channel: ChannelName, browser: str, where: str) -> Response:
    """Send whoever asked on: to where the code is typed, else to `where` it says that a link is on its way."""
    to = f"/confirm/{browser}" if channel is ChannelName.SMS else where
    answer = RedirectResponse(to, 303, headers=PRIVATE_HEADERS)
    remember(answer, settings, browser)
    return answer


def too_often(settings: Settings, language: Language, bound: Bound) -> Response:
    """Answer what is asked too often; addresses are never named."""
    seconds = _HOUR if bound is Bound.NETWORK_HOUR else 24 * _HOUR
    by_network = bound in {Bound.NETWORK_HOUR, Bound.NETWORK_DAY}
    body, headers = _too_often(settings.brand, language, seconds, by_network=by_network)
    return Response(body, 429, {**headers, "Retry-After": str(seconds)}, "text/html")


@lru_cache(maxsize=64)
def _too_often(brand: str, language: Language, seconds: int, *, by_network: bool) -> tuple[bytes, dict[str, str]]:
    """Return the page, made once: whoever floods us gets it for next to nothing."""
    wait = language.duration(seconds)
    shown = page("too_often.html", language=language, brand=brand, by_network=by_network, wait=wait)
    kept = {name: value for name, value in shown.headers.items() if name not in {"content-length", "content-type"}}
    return bytes(shown.body), kept
