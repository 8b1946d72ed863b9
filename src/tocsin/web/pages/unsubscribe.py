"""Stop writing to me: looking changes nothing, since link scanners look; a button or a mail program's POST acts."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response

from tocsin.domain.channel import ChannelName
from tocsin.domain.language import word
from tocsin.domain.speech import MESSAGES
from tocsin.services.address import Address
from tocsin.services.ask import ask_for_link
from tocsin.services.leave_by_link import can_be_sent_a_link, open_to, pause_incident, person_of, stop_everything
from tocsin.services.unsubscribe import endpoint_of, look_up, unsubscribe
from tocsin.store.engine import begin
from tocsin.web.caller import caller_network
from tocsin.web.deps import Site, SiteDep
from tocsin.web.pages import visiting
from tocsin.web.pages.elsewhere import only_from_here
from tocsin.web.pages.layout import PRIVATE_HEADERS, page
from tocsin.web.pages.manage_view import title_for
from tocsin.web.pages.reader import read_in

router = APIRouter(include_in_schema=False)


_DONE: Final = {
    "everything": word("Nothing more is sent to you."),
    "incident": word("You hear no more of this incident."),
    "link": word("A message with your link is on its way."),
}


@router.api_route("/unsubscribe/{token}", methods=["GET", "HEAD"])
async def show(token: str, site: SiteDep, request: Request, done: str = "") -> Response:
    """Show what will stop."""
    secret = site.settings.secret.get_secret_value()
    found = await look_up(site.engine, secret, token)
    number = endpoint_of(secret, token)
    if found is None or number is None:
        return await visiting.wrong_link(request, site, "unsubscribe_unknown.html")  # one of ours is never kept out
    async with begin(site.engine) as connection:
        there = await person_of(connection, number)
        open_ = await open_to(connection, there) if there is not None else []
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
        done=language.say(_DONE[done]) if done in _DONE and (done != "everything" or found.is_stopped) else "",
        open=[(one.public_id, title_for(site, one.title, one.titles, one.audience, found.locale)) for one in open_],
        can_be_sent_a_link=there is not None and can_be_sent_a_link(there),
    )


@router.post("/unsubscribe/{token}")
async def act(token: str, request: Request, site: SiteDep) -> Response:
    """Stop, by button or in one click (RFC 8058: no cookies, no redirect, no second step)."""
    secret = site.settings.secret.get_secret_value()
    form = await request.form()
    wish, _, incident = str(form.get("do", "")).partition(":")
    if wish in _DONE and form.get("List-Unsubscribe") != "One-Click":
        only_from_here(request)
        return await _do(wish, token, incident, request, site)
    done = await unsubscribe(site.engine, secret, token)
    if form.get("List-Unsubscribe") == "One-Click":
        say = read_in(request).say
        words = say("Unsubscribed.") if done else say("This link is not one of ours, or what it was for is gone.")
        return PlainTextResponse(words, 200 if done else 404, headers=PRIVATE_HEADERS)
    return await show(token, site, request)


async def _do(wish: str, token: str, incident: str, request: Request, site: Site) -> Response:
    secret = site.settings.secret.get_secret_value()
    number = endpoint_of(secret, token)
    async with begin(site.engine) as connection:
        there = None if number is None else await person_of(connection, number)
        if there is None:
            return await show(token, site, request)
        if wish == "everything":
            await stop_everything(connection, secret, there, caller_network(request))
        elif wish == "incident":
            wish = "incident" if await pause_incident(connection, there, incident) else ""
        elif can_be_sent_a_link(there):
            channel = ChannelName(there.channel)
            asker = visiting.asker(request, read_in(request, there.locale))
            address = Address(there.address, there.key)
            bound = await ask_for_link(connection, site.settings.subscribe, secret, channel, address, asker)
            if bound is not None:
                return visiting.too_often(site.settings, read_in(request, there.locale), bound)
    if wish == "link":
        site.hints.deliver(ChannelName(there.channel))
    return await show(token, site, request, done=wish)
