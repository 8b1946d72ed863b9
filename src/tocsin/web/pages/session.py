"""Who sits at the console: the session cookie, the way to the sign-in page, and the checks before anything is done."""

from __future__ import annotations

import hmac
from typing import Annotated, Final
from urllib.parse import quote, urlsplit

from fastapi import Depends, HTTPException, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from tocsin.services.sign_in import SignedIn, find_session
from tocsin.settings import Settings
from tocsin.web.deps import SiteDep

SIGN_IN: Final = "/console/sign-in"


def cookie_name(settings: Settings) -> str:
    """Return the cookie's name: under https one that no other host or path can set."""
    return "__Host-tocsin" if _is_https(settings) else "tocsin"


def set_cookie(response: Response, settings: Settings, secret: str) -> None:
    response.set_cookie(
        cookie_name(settings),
        secret,
        max_age=settings.web.session_hours * 3600,
        path="/",
        secure=_is_https(settings),
        httponly=True,
        samesite="lax",
    )


def forget_cookie(response: Response, settings: Settings) -> None:
    response.delete_cookie(cookie_name(settings), path="/", secure=_is_https(settings), httponly=True, samesite="lax")


async def signed_in(request: Request, site: SiteDep) -> SignedIn:
    """Return the operator; send everyone else to the sign-in page, and from there back to where they wanted to go."""
    secret = request.cookies.get(cookie_name(site.settings))
    by_hand = "x-live" not in request.headers
    found = await find_session(site.engine, secret, site.settings.web, by_hand=by_hand) if secret else None
    if found is None:
        wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        back = f"?next={quote(wanted, safe='/')}" if request.method == "GET" else ""
        raise HTTPException(303, "Sign in first.", headers={"Location": SIGN_IN + back})
    return found


Operator = Annotated[SignedIn, Depends(signed_in)]


async def checked_form(request: Request, operator: Operator) -> FormData:
    """Return the form that one of this session's own pages sent; refuse every other."""
    refuse_other_origins(request)
    form = await request.form()
    token = form.get("csrf")
    if not isinstance(token, str) or not hmac.compare_digest(token.encode(), operator.csrf.encode()):
        raise HTTPException(403, "This form is out of date. Go back, load the page again, and repeat what you did.")
    return form


Form = Annotated[FormData, Depends(checked_form)]


def refuse_other_origins(request: Request) -> None:
    """Raise a 403 where a page of another site sent this."""
    if is_from_elsewhere(request):
        raise HTTPException(403, "This came from another site's page. Do it here instead.")


def is_from_elsewhere(request: Request) -> bool:
    """Tell whether a page of another site sent this.

    Our pages send no referrer, so that browsers say "null" for their origin too; then Sec-Fetch-Site decides, which no
    page can forge.
    """
    settings: Settings = request.app.state.settings
    ours = {urlsplit(settings.url).netloc, request.headers.get("host", "")}
    origin = request.headers.get("origin", "null")
    site = request.headers.get("sec-fetch-site")
    is_ours = origin.partition("://")[2] in ours if origin != "null" else site in {"same-origin", "none"}
    return not is_ours or site not in {None, "same-origin", "none"}


def _is_https(settings: Settings) -> bool:
    return settings.url.startswith("https://")
