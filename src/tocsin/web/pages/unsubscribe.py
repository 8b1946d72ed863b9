"""Stop writing to me: looking changes nothing, since link scanners look; a button or a mail program's POST acts."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response

from tocsin.domain.speech import MESSAGES
from tocsin.services.unsubscribe import look_up, unsubscribe
from tocsin.web.deps import SiteDep
from tocsin.web.pages.layout import PRIVATE_HEADERS, page
from tocsin.web.pages.reader import read_in

router = APIRouter(include_in_schema=False)


@router.api_route("/unsubscribe/{token}", methods=["GET", "HEAD"])
async def show(token: str, site: SiteDep, request: Request) -> Response:
    """Show what will stop."""
    found = await look_up(site.engine, site.settings.secret.get_secret_value(), token)
    if found is None:
        return page("unsubscribe_unknown.html", status_code=404, brand=site.settings.brand, language=read_in(request))
    language = read_in(request, found.locale)
    return page(
        "unsubscribe.html",
        language=language,
        brand=site.settings.brand,
        what=language.say(MESSAGES[found.channel]),
        browser=found.browser,
        address=found.address,
        is_stopped=found.is_stopped,
        token=token,
    )


@router.post("/unsubscribe/{token}")
async def act(token: str, request: Request, site: SiteDep) -> Response:
    """Stop, by button or in one click (RFC 8058: no cookies, no redirect, no second step)."""
    secret = site.settings.secret.get_secret_value()
    done = await unsubscribe(site.engine, secret, token)
    form = await request.form()
    if form.get("List-Unsubscribe") == "One-Click":
        say = read_in(request).say
        words = say("Unsubscribed.") if done else say("This link is not one of ours, or what it was for is gone.")
        return PlainTextResponse(words, 200 if done else 404, headers=PRIVATE_HEADERS)
    return await show(token, site, request)
