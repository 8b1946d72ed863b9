"""/confirm: whoever is at an address says yes. Looking changes nothing, since scanners of mail look, and run scripts.

Some scanners press buttons too. In the browser that asked one press is enough; in any other a box has to be ticked
first, which browsers and this page insist on.
"""

from __future__ import annotations

import hmac
from typing import Final, NamedTuple

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.asking import Bound, digest
from tocsin.domain.channel import ChannelName
from tocsin.domain.language import Language
from tocsin.domain.opting_in import MOST_TRIES, OptIn, Outcome
from tocsin.services.ask import ask_again
from tocsin.services.confirm import Became, Consenting, allow_again, confirm, deny
from tocsin.services.recognise import recognisable
from tocsin.services.write_notice import sealed_code
from tocsin.store import links, opt_ins
from tocsin.store.engine import begin
from tocsin.web.caller import caller_network
from tocsin.web.deps import Site, SiteDep
from tocsin.web.pages import visiting
from tocsin.web.pages.elsewhere import only_from_here
from tocsin.web.pages.layout import PRIVATE_HEADERS, page
from tocsin.web.pages.reader import read_in

router = APIRouter(include_in_schema=False)

_GONE: Final = 410


class Found(NamedTuple):
    """A question, and whether it was found by the link that was sent to its address."""

    opt_in: OptIn
    by_link: bool


@router.api_route("/confirm/{token}", methods=["GET", "HEAD"])
async def show(token: str, request: Request, site: SiteDep) -> Response:
    if await visiting.is_guessing(request, site, token):
        return visiting.too_many_links(site.settings, read_in(request))
    async with begin(site.engine) as connection:
        found = await _find(connection, token)
    if found is None:
        return await visiting.wrong_link(request, site, "confirm_unknown.html")
    await visiting.was_good(site, token)
    return _show(found, request, site, not_me="not-me" in request.query_params)


@router.post("/confirm/{token}")
async def act(token: str, request: Request, site: SiteDep) -> Response:  # noqa: PLR0911 - one answer a case, as in a table
    only_from_here(request)
    if await visiting.is_flooding(request, site):
        return visiting.too_often(site.settings, read_in(request), Bound.NETWORK_HOUR)
    form = await request.form()
    wish = form.get("do")
    async with begin(site.engine) as connection:
        found = await _find(connection, token, lock=True)
        if found is None:
            return _show(None, request, site)
        who = Consenting("link" if found.by_link else "code", caller_network(request))
        if found.by_link and wish == "undo" and found.opt_in.outcome is Outcome.NOT_ME:
            await allow_again(connection, found.opt_in)
            return _show(await _find(connection, token), request, site)
        if found.opt_in.outcome is not None or found.opt_in.is_expired:
            return _show(found, request, site)
        if wish == "again":
            return await _send_again(connection, found.opt_in, request, site)
        if found.by_link and wish == "not-me":
            await deny(connection, found.opt_in, who)
            return _show(await _find(connection, token), request, site)
        problem = await _proof(connection, found, request, site, str(form.get("code", "")), ticked="agree" in form)
        if problem:
            return _show(await _find(connection, token), request, site, problem=problem)
        done = await confirm(connection, found.opt_in, site.audiences, site.settings.subscribe.audience, who)
        if done.subscriber_id is None:
            return _show(None, request, site)
        hours = site.settings.subscribe.manage_days * 24
        manage = await links.make(connection, hours=hours, subscriber=done.subscriber_id)
    return RedirectResponse(f"/manage/{manage}?done={_DONE[done.became]}", 303, headers=PRIVATE_HEADERS)


_DONE: Final = {
    Became.SUBSCRIBED: "subscribed",
    Became.NOTHING: "already",
    Became.BACK: "back",
    Became.ADDED: "added",
    Became.MOVED: "moved",
    Became.TAKEN: "taken",
    Became.GONE: "already",
}


async def _find(connection: AsyncConnection, token: str, *, lock: bool = False) -> Found | None:
    sha256 = digest(token)
    opt_in = await opt_ins.by_link(connection, sha256, lock=lock)
    if opt_in is not None:
        return Found(opt_in, by_link=True)
    opt_in = await opt_ins.by_browser(connection, sha256, lock=lock)
    return None if opt_in is None else Found(opt_in, by_link=False)


async def _proof(
    connection: AsyncConnection, found: Found, request: Request, site: Site, code: str, *, ticked: bool
) -> str:
    """Return what is missing for a yes to be believed, "" where nothing is."""
    say = _language(found, request).say
    opt_in = found.opt_in
    if found.by_link:
        if ticked or visiting.is_same_browser(request, opt_in.browser):
            return ""
        return say("Tick the box first: it tells us that you are a person and want this.")
    if opt_in.channel != ChannelName.SMS:
        return say("Open the link that we sent there: this page can't confirm it.")
    if opt_in.tries >= MOST_TRIES:
        return say("That was tried too often. Subscribe once more to get another code.")
    secret = site.settings.secret.get_secret_value()
    digits = "".join(character for character in code if character.isdecimal())
    if opt_in.code is not None and hmac.compare_digest(sealed_code(secret, opt_in.id, digits), opt_in.code):
        return ""
    await opt_ins.tried(connection, opt_in.id)
    return say("This is not the code that we sent last. Codes are good for ten minutes.")


async def _send_again(connection: AsyncConnection, opt_in: OptIn, request: Request, site: Site) -> Response:
    language = read_in(request, opt_in.locale)
    asker = visiting.asker(request, language)
    bound = await ask_again(connection, site.settings.subscribe, opt_in, asker)
    if bound is not None:
        return visiting.too_often(site.settings, language, bound)
    site.hints.deliver(ChannelName(opt_in.channel))
    return _show(Found(opt_in, by_link=False), request, site, sent=True)


def _language(found: Found | None, request: Request) -> Language:
    return read_in(request, found.opt_in.locale if found else "")


def _show(
    found: Found | None,
    request: Request,
    site: Site,
    *,
    not_me: bool = False,
    problem: str = "",
    sent: bool = False,
) -> Response:
    language = _language(found, request)
    if found is None:
        return page("confirm_unknown.html", status_code=404, language=language, brand=site.settings.brand)
    opt_in = found.opt_in
    state = opt_in.outcome or ("expired" if opt_in.is_expired else "open")
    status = _GONE if state == "expired" else 422 if problem else 200
    return page(
        "confirm.html",
        status_code=status,
        language=language,
        brand=site.settings.brand,
        state=str(state),
        by_link=found.by_link,
        channel=opt_in.channel,
        purpose=opt_in.purpose.value,
        address=opt_in.address if not found.by_link else recognisable(opt_in.channel, opt_in.address),
        needs_tick=not visiting.is_same_browser(request, opt_in.browser),
        not_me=not_me,
        problem=problem,
        sent=sent,
        good_for=language.span(site.settings.subscribe.confirm_hours * 3600),
        is_spent=opt_in.tries >= MOST_TRIES,
        path=request.url.path,
    )
