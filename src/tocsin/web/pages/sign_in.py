"""Signing in and out of the console."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response
from limits import RateLimitItemPerMinute

from tocsin.services.sign_in import sign_in, sign_out
from tocsin.web.caller import caller_network
from tocsin.web.deps import SiteDep
from tocsin.web.pages import session
from tocsin.web.pages.layout import PRIVATE_HEADERS, page

router = APIRouter(include_in_schema=False)

# The narrow bound on an address is its caller's own: nobody shuts an operator out by guessing from elsewhere.
_PER_CALLER: Final = RateLimitItemPerMinute(30, 15)
_PER_CALLER_AND_ADDRESS: Final = RateLimitItemPerMinute(10, 15)
_PER_ADDRESS: Final = RateLimitItemPerMinute(100, 15)


@router.get("/console/sign-in")
async def show(request: Request, site: SiteDep, next: str = "/console") -> Response:  # noqa: A002 - the query's name
    if session.cookie_name(site.settings) in request.cookies:
        try:
            await session.signed_in(request, site)
            return RedirectResponse(_inside(next), 303, headers=PRIVATE_HEADERS)
        except HTTPException:
            pass  # the session is over
    return page("sign_in.html", brand=site.settings.brand, next=_inside(next), email="", problem="")


@router.post("/console/sign-in")
async def act(
    request: Request,
    site: SiteDep,
    email: Annotated[str, Form(max_length=320)],
    password: Annotated[str, Form(max_length=1024)],
    next: Annotated[str, Form(max_length=2048)] = "/console",  # noqa: A002 - the field's name
) -> Response:
    session.refuse_other_origins(request)

    def again(problem: str, status: int) -> Response:
        return page(
            "sign_in.html",
            status_code=status,
            brand=site.settings.brand,
            next=_inside(next),
            email=email,
            problem=problem,
        )

    caller, address = caller_network(request), email.strip().lower()
    allowed = (
        await site.tries.hit(_PER_CALLER, "sign-in", caller)
        and await site.tries.hit(_PER_CALLER_AND_ADDRESS, "sign-in", caller, address)
        and await site.tries.hit(_PER_ADDRESS, "sign-in to", address)
    )
    if not allowed:
        return again("That was tried too often. Wait 15 minutes, then try again.", 429)
    secret = await sign_in(site.engine, email, password, site.settings.web)
    if secret is None:
        return again("This e-mail address and password don't belong together. Check both and try again.", 401)
    await site.tries.clear(_PER_CALLER_AND_ADDRESS, "sign-in", caller, address)
    response = RedirectResponse(_inside(next), 303, headers=PRIVATE_HEADERS)
    old = request.cookies.get(session.cookie_name(site.settings))
    if old:
        await sign_out(site.engine, old)
    session.set_cookie(response, site.settings, secret)
    return response


@router.post("/console/sign-out")
async def leave(request: Request, site: SiteDep, form: session.Form) -> Response:
    del form
    await sign_out(site.engine, request.cookies[session.cookie_name(site.settings)])
    response = RedirectResponse(session.SIGN_IN, 303, headers=PRIVATE_HEADERS)
    session.forget_cookie(response, site.settings)
    return response


def _inside(path: str) -> str:
    """Return `path` where it is one of the console's own, so that nobody is sent elsewhere."""
    inside = path == "/console" or path.startswith("/console/")
    return path if inside and "\\" not in path and "//" not in path else "/console"
