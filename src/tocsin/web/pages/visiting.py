"""Whoever fills in a public form or opens a link: their network, their browser, and what is answered to too much."""

from __future__ import annotations

import secrets
from functools import lru_cache
from typing import Final

from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from limits import RateLimitItemPerDay, RateLimitItemPerMinute

from tocsin.domain.asking import Bound, digest
from tocsin.domain.channel import ChannelName
from tocsin.domain.language import Language
from tocsin.services.ask import Asker
from tocsin.settings import Settings
from tocsin.web.caller import caller_network
from tocsin.web.deps import Site
from tocsin.web.pages.layout import PRIVATE_HEADERS, page
from tocsin.web.pages.reader import read_in

# This keeps a flood from the database, which counts exactly.
_PER_NETWORK: Final = RateLimitItemPerMinute(60, 1)
# Nobody guesses 256 bits; it is so that trying costs the database little. Scanners of mail open links that are good.
_WRONG_LINKS: Final = RateLimitItemPerMinute(60, 1)
_GOOD_LINK: Final = RateLimitItemPerDay(1)
_COOKIE: Final = "tocsin-join"
_MINUTE: Final = 60
_HOUR: Final = 3600


async def is_flooding(request: Request, site: Site) -> bool:
    """Tell whether so much comes from one network that it isn't looked at any more."""
    return not await site.tries.hit(_PER_NETWORK, "visiting", caller_network(request))


async def is_guessing(request: Request, site: Site, token: str) -> bool:
    """Tell whether so many links that are none come from one network that `token` isn't looked up.

    One that was good today is, whoever else is in that network.
    """
    if await site.tries.test(_WRONG_LINKS, "wrong links", caller_network(request)):
        return False
    return await site.tries.test(_GOOD_LINK, "good link", digest(token).hex())


async def was_good(site: Site, token: str) -> None:
    """Remember for a day that a link is one of ours."""
    await site.tries.hit(_GOOD_LINK, "good link", digest(token).hex())


async def wrong_link(request: Request, site: Site, template: str, **context: object) -> Response:
    """Answer a link that is none of ours, and count it against its network."""
    language = read_in(request)
    if not await site.tries.hit(_WRONG_LINKS, "wrong links", caller_network(request)):
        return too_many_links(site.settings, language)
    return page(template, status_code=404, language=language, brand=site.settings.brand, **context)


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
    return _wait(settings, language, seconds, "network" if bound in {Bound.NETWORK_HOUR, Bound.NETWORK_DAY} else "all")


def too_many_links(settings: Settings, language: Language) -> Response:
    """Answer whoever opens one link after the other that is none of ours."""
    return _wait(settings, language, _MINUTE, "links")


def _wait(settings: Settings, language: Language, seconds: int, why: str) -> Response:
    body, headers = _too_often(settings.brand, language, seconds, why)
    return Response(body, 429, {**headers, "Retry-After": str(seconds)}, "text/html")


@lru_cache(maxsize=64)
def _too_often(brand: str, language: Language, seconds: int, why: str) -> tuple[bytes, dict[str, str]]:
    """Return the page, made once: whoever floods us gets it for next to nothing."""
    wait = language.duration(seconds)
    shown = page("too_often.html", language=language, brand=brand, why=why, wait=wait)
    kept = {name: value for name, value in shown.headers.items() if name not in {"content-length", "content-type"}}
    return bytes(shown.body), kept
