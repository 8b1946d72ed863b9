"""/manage/{token}: what somebody gets, in a sentence for each address, and every way to change or stop it."""

from __future__ import annotations

import json
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, RedirectResponse, Response
from starlette.datastructures import FormData

from tocsin.domain.asking import Bound
from tocsin.domain.channel import ChannelName
from tocsin.domain.errors import Conflict, NotFound, Refused
from tocsin.domain.sentence import sentence
from tocsin.services.ask import ask_for_link
from tocsin.services.change_subscriber import show_subscriber
from tocsin.services.choose import Changed, Vanished, choose
from tocsin.services.own_data import own_data
from tocsin.services.public_address import read_public_address
from tocsin.store import chooser, links
from tocsin.store.engine import begin
from tocsin.store.links import Holder
from tocsin.store.subscribers import Subscriber
from tocsin.web.deps import Site, SiteDep
from tocsin.web.pages import manage_deeds, preference_form, visiting
from tocsin.web.pages.elsewhere import only_from_here
from tocsin.web.pages.layout import PRIVATE_HEADERS, page
from tocsin.web.pages.manage_doing import Doing
from tocsin.web.pages.manage_view import Notes, view
from tocsin.web.pages.reader import read_in

router = APIRouter(include_in_schema=False)

_GONE: Final = 410
_LONGEST: Final = 2_000


@router.get("/manage")
async def ask(request: Request, site: SiteDep) -> Response:
    language, brand = read_in(request), site.settings.brand
    return page("manage_ask.html", language=language, brand=brand, typed="", problem="", sent=False)


@router.post("/manage")
async def send_link(request: Request, site: SiteDep) -> Response:
    """Send the link to whoever is at an address: the same answer whether anybody is."""
    only_from_here(request)
    language = read_in(request)
    if await visiting.is_flooding(request, site):
        return visiting.too_often(site.settings, language, Bound.NETWORK_HOUR)
    value = (await request.form()).get("address", "")
    typed = value[:_LONGEST].strip() if isinstance(value, str) else ""
    found = _channel_of(typed)
    try:
        address = read_public_address(found, typed, site.settings, site.channels)
    except Refused:
        said = language.say("This is neither an e-mail address, nor a number, nor a webhook of Slack or Teams.")
        brand = site.settings.brand
        return page(
            "manage_ask.html", status_code=422, language=language, brand=brand, typed=typed, problem=said, sent=False
        )
    async with begin(site.engine) as connection:
        secret = site.settings.secret.get_secret_value()
        asker = visiting.asker(request, language)
        bound = await ask_for_link(connection, site.settings.subscribe, secret, found, address, asker)
    if bound is not None:
        return visiting.too_often(site.settings, language, bound)
    site.hints.deliver(found)
    return page("manage_ask.html", language=language, brand=site.settings.brand, typed="", problem="", sent=True)


@router.api_route("/manage/{token}", methods=["GET", "HEAD"])
async def show(token: str, request: Request, site: SiteDep) -> Response:
    held = await _holder(token, request, site)
    if isinstance(held, Response):
        return held
    return await _page(token, held, request, site, Notes(done=request.query_params.get("done", "")))


@router.post("/manage/{token}")
async def act(token: str, request: Request, site: SiteDep) -> Response:  # noqa: PLR0911 - one answer a case
    """Do one thing, named by the button that was pressed, and show how things stand then."""
    only_from_here(request)
    held = await _holder(token, request, site)
    if isinstance(held, Response):
        return held
    form = await request.form()
    wish = str(form.get("do", ""))
    if wish == "choose":
        return await _choose(token, held, form, request, site)
    deed = manage_deeds.DEEDS.get(wish)
    if deed is None:
        return await _page(token, held, request, site, Notes(problem="unknown"), status_code=422)
    who = await _who(held, site)
    language = read_in(request, who.locale)
    try:
        done = await deed(Doing(site, request, form, who, token, language))
    except (NotFound, Conflict):
        return await _page(token, held, request, site, Notes(done="gone"), status_code=404)
    if isinstance(done, Response):
        return done
    if done.problem:
        return await _page(token, held, request, site, done, status_code=422)
    if done.secret:  # shown this once, and in no address
        return await _page(token, held, request, site, done)
    return _back(token, request, done.done)


@router.post("/manage/{token}/sentence/{endpoint_id}")
async def preview(token: str, endpoint_id: str, request: Request, site: SiteDep) -> Response:
    """Return the sentence that a form would make, and change nothing."""
    only_from_here(request)
    held = await _holder(token, request, site)
    if isinstance(held, Response):
        return held
    who = await _who(held, site)
    endpoint = next((one for one in who.endpoints if one.public_id == endpoint_id), None)
    language = read_in(request, who.locale)
    typed = preference_form.read(await request.form())
    wanted = preference_form.preference(typed, endpoint, language) if endpoint else None
    if endpoint is None or wanted is None:
        words = next(iter(typed.problems.values()), "")
        return PlainTextResponse(words, 200 if words else 404, headers=PRIVATE_HEADERS)
    async with begin(site.engine) as connection:
        names = chooser.names(await chooser.read(connection))
    return PlainTextResponse(sentence(language, ChannelName(endpoint.channel), wanted, names), headers=PRIVATE_HEADERS)


@router.get("/manage/{token}/data.json")
async def export(token: str, request: Request, site: SiteDep) -> Response:
    """Hand out all that is kept about whoever holds the link."""
    held = await _holder(token, request, site)
    if isinstance(held, Response):
        return held
    async with begin(site.engine) as connection:
        found = await own_data(connection, held.public_id, site.audiences)
    disposition = {"Content-Disposition": 'attachment; filename="my-data.json"'}
    content = json.dumps(found, ensure_ascii=False, indent=2)
    return Response(content, media_type="application/json", headers={**PRIVATE_HEADERS, **disposition})


async def _choose(token: str, held: Holder, form: FormData, request: Request, site: Site) -> Response:
    who = await _who(held, site)
    language = read_in(request, who.locale)
    wanted_id = str(form.get("endpoint", ""))
    endpoint = next((one for one in who.endpoints if one.public_id == wanted_id), None)
    if endpoint is None:
        return await _page(token, held, request, site, Notes(done="gone"), status_code=404)
    typed = preference_form.read(form)
    wanted = preference_form.preference(typed, endpoint, language)
    if wanted is None:
        return await _page(token, held, request, site, Notes(typed={wanted_id: typed}), status_code=422)
    try:
        async with begin(site.engine) as connection:
            await choose(connection, held.public_id, wanted_id, typed.version, wanted)
    except Vanished:
        typed.problems["scope"] = language.say(
            "What you chose was removed meanwhile, and nothing was changed. Choose something else, or everything."
        )
        return await _page(token, held, request, site, Notes(typed={wanted_id: typed}), status_code=422)
    except Changed:
        notes = Notes(typed={wanted_id: typed}, is_conflict=True)
        return await _page(token, held, request, site, notes, status_code=409)
    return _back(token, request, "chosen", f"#{wanted_id}")


async def _holder(token: str, request: Request, site: Site) -> Holder | Response:
    """Return whose link this is, or the answer to one that is none, or whose time is over."""
    language = read_in(request)
    if await visiting.is_guessing(request, site, token):
        return visiting.too_many_links(site.settings, language)
    async with begin(site.engine) as connection:
        found = await links.holder(connection, token)
    if found is None:
        return await visiting.wrong_link(request, site, "manage_over.html", is_expired=False)
    await visiting.was_good(site, token)
    if not found.is_expired:
        return found
    return page(
        "manage_over.html",
        status_code=_GONE,
        language=language,
        good_for=language.span(site.settings.subscribe.manage_days * 86_400),
        brand=site.settings.brand,
        is_expired=True,
    )


async def _who(held: Holder, site: Site) -> Subscriber:
    async with begin(site.engine) as connection:
        return await show_subscriber(connection, held.public_id)


async def _page(
    token: str, held: Holder, request: Request, site: Site, notes: Notes, status_code: int = 200
) -> Response:
    who = await _who(held, site)
    language = read_in(request, who.locale)
    context = await view(site, who, language, notes)
    query = f"?lang={language.code}" if "lang" in request.query_params else ""
    here = f"/manage/{token}"
    return page("manage.html", status_code=status_code, language=language, here=here, query=query, **context)


def _back(token: str, request: Request, done: str, anchor: str = "") -> RedirectResponse:
    lang = request.query_params.get("lang", "")
    query = f"?done={done}" + (f"&lang={lang[:10]}" if lang.isalpha() else "")
    return RedirectResponse(f"/manage/{token}{query}{anchor}", 303, headers=PRIVATE_HEADERS)


def _channel_of(typed: str) -> ChannelName:
    if "@" in typed and "://" not in typed:
        return ChannelName.EMAIL
    return ChannelName.CHAT if "://" in typed else ChannelName.SMS
