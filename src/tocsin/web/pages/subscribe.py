"""/subscribe: visitors ask to hear of incidents, and are answered alike whether we know their address or not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from tocsin.domain.asking import Bound
from tocsin.domain.channel import ChannelName
from tocsin.domain.errors import Refused
from tocsin.domain.language import Language, word
from tocsin.domain.opting_in import Purpose
from tocsin.services.address import Address
from tocsin.services.ask import Question, ask
from tocsin.services.known_zones import known_zone
from tocsin.services.public_address import countries, offered, read_public_address
from tocsin.services.wanted import write_wanted
from tocsin.store import chooser
from tocsin.store.engine import begin
from tocsin.web.deps import Site, SiteDep
from tocsin.web.pages import visiting
from tocsin.web.pages.elsewhere import only_from_here
from tocsin.web.pages.layout import page
from tocsin.web.pages.reader import languages, read_in
from tocsin.web.pages.ticked import ticked

router = APIRouter(include_in_schema=False)

_LONGEST: Final = 2_000
# What is said of an address that cannot be taken, by channel: whoever typed it reads another language than operators.
_WRONG: Final = {
    ChannelName.EMAIL: word("This is no e-mail address. Check how it is written."),
    ChannelName.SMS: word("This number can't be texted. Write a mobile number with its country: {example}."),
    ChannelName.CHAT: word("Give the address of a Slack or Teams webhook: https://…"),
    ChannelName.WEBHOOK: word("Give an address that begins with https:// and can be reached from the internet."),
}
_EXAMPLES: Final = {"US": "+1 415 555 2671", "DE": "+49 1512 3456789", "GB": "+44 7400 123456"}


@dataclass
class Typed:
    """What stands in the form, right or wrong: an error keeps it."""

    channel: str = ""
    addresses: dict[str, str] = field(default_factory=lambda: dict.fromkeys((*_WRONG, "owner"), ""))
    only_some: bool = False
    components: list[str] = field(default_factory=list[str])
    groups: list[str] = field(default_factory=list[str])
    mail_too: bool = False
    time_zone: str = ""
    problems: dict[str, str] = field(default_factory=dict[str, str])


@router.get("/subscribe")
async def show(request: Request, site: SiteDep) -> Response:
    return await _page(site, read_in(request), Typed())


@router.get("/subscribe/sent")
async def sent(request: Request, site: SiteDep, channel: str = "") -> Response:
    """Say where to look: the same for everybody."""
    language = read_in(request)
    by_mail = channel in {ChannelName.EMAIL, ChannelName.WEBHOOK, ""}
    return page("subscribe_sent.html", language=language, brand=site.settings.brand, by_mail=by_mail)


@router.post("/subscribe")
async def act(request: Request, site: SiteDep) -> Response:
    only_from_here(request)
    language = read_in(request)
    if await visiting.is_flooding(request, site):
        return visiting.too_often(site.settings, language, Bound.NETWORK_HOUR)
    form = await request.form()
    typed = _read(form)
    question = _question(typed, site, language)
    if question is None:
        return await _page(site, language, typed, status_code=422)
    browser = visiting.new_browser()
    if not form.get("website"):  # a field that people do not see: whoever fills it in is answered like everybody
        async with begin(site.engine) as connection:
            asker = visiting.asker(request, language, browser)
            secret = site.settings.secret.get_secret_value()
            bound = await ask(connection, site.settings.subscribe, secret, question, asker)
        if bound is not None:
            return visiting.too_often(site.settings, language, bound)
        site.hints.deliver(question.channel)
    lang = f"&lang={language.code}" if "lang" in request.query_params else ""
    where = f"/subscribe/sent?channel={typed.channel}{lang}"
    return visiting.asked(site.settings, question.channel, browser, where)


async def _page(site: Site, language: Language, typed: Typed, status_code: int = 200) -> Response:
    channels = offered(site.settings, site.channels)
    typed.channel = typed.channel or (channels[0] if channels else "")
    async with begin(site.engine) as connection:
        choices = await chooser.read(connection)
    return page(
        "subscribe.html",
        status_code=status_code,
        language=language,
        brand=site.settings.brand,
        channels=channels,
        choices=choices,
        typed=typed,
        languages=list(languages()),
        example=_example(site),
        feeds=_feeds(site),
        push_key=site.settings.push.public_key,
    )


def _read(form: FormData) -> Typed:
    def text(name: str) -> str:
        value = form.get(name)
        return value[:_LONGEST] if isinstance(value, str) else ""

    return Typed(
        channel=text("channel"),
        addresses={name: text(f"address_{name}").strip() for name in (*_WRONG, "owner")},
        only_some=text("scope") == "some",
        components=ticked(form, "component"),
        groups=ticked(form, "group"),
        mail_too=bool(text("mail_too")),
        time_zone=text("time_zone"),
    )


def _question(typed: Typed, site: Site, language: Language) -> Question | None:
    """Return what is to be asked; None where something is wrong, which `typed` says then."""
    if typed.channel not in offered(site.settings, site.channels):
        typed.problems["channel"] = language.say("Choose where you want to hear from us.")
        return None
    channel = ChannelName(typed.channel)
    address = _address(typed, channel, typed.channel, site, language)
    webhook = ""
    if channel is ChannelName.WEBHOOK:
        webhook = address.written if address else ""
        channel = ChannelName.EMAIL
        address = _address(typed, channel, "owner", site, language) if address else None
    if typed.only_some and not (typed.components or typed.groups):
        typed.problems["scope"] = language.say("Choose at least one of them, or everything.")
    if address is None or typed.problems:
        return None
    wanted = write_wanted(
        typed.components if typed.only_some else (),
        typed.groups if typed.only_some else (),
        time_zone=known_zone(typed.time_zone),
        webhook=webhook,
        mail_too=not webhook or typed.mail_too,
    )
    return Question(Purpose.JOIN, channel, address, wanted)


def _address(typed: Typed, channel: ChannelName, name: str, site: Site, language: Language) -> Address | None:
    try:
        return read_public_address(channel, typed.addresses.get(name, ""), site.settings, site.channels)
    except Refused:
        typed.problems[name] = wrong_address(language, channel, site)
        return None


def wrong_address(language: Language, channel: ChannelName, site: Site) -> str:
    """Say in the reader's language what an address on `channel` has to be like."""
    text = _WRONG.get(channel, _WRONG[ChannelName.EMAIL])
    return language.say(text, example=_example(site)) if channel is ChannelName.SMS else language.say(text)


def _example(site: Site) -> str:
    return next((_EXAMPLES[one] for one in countries(site.settings) if one in _EXAMPLES), "+…")


def _feeds(site: Site) -> list[tuple[str, Any]]:
    """Return the feeds that there are: they need no subscription."""
    known = (("history.atom", "Atom"), ("history.rss", "RSS"), ("maintenance.ics", "iCalendar"))
    return [(f"/{path}", name) for path, name in known if (site.settings.page_directory / path).exists()]
