"""One provider of a channel: how it fares, since when and why, all that was changed, and whether it is to be used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.datastructures import FormData

from tocsin.domain.channel import Channel, ChannelName
from tocsin.domain.errors import NotFound, Refused
from tocsin.domain.provider import Wish
from tocsin.services.choose_providers import Carrier, carriers, choose, no_provider
from tocsin.store.console import now as now_of
from tocsin.store.engine import begin
from tocsin.web.deps import Site, SiteDep
from tocsin.web.pages.console_frame import QUIET_SECONDS, go, problem, show
from tocsin.web.pages.session import Form, Operator

router = APIRouter(prefix="/console/channels/{channel}/providers/{provider}", include_in_schema=False)

_CHANGES: Final = 50
_MOST_WEIGHT: Final = 1_000


@router.get("")
async def show_provider(channel: str, provider: str, site: SiteDep, operator: Operator, to: str = "") -> Response:
    """Show it; `to` asks whether it is really to be on, off or as health decides."""
    try:
        return await _show(site, operator, channel, provider, to=to)
    except NotFound as error:
        return problem(site, operator, error, 404)


@router.post("")
async def change_provider(channel: str, provider: str, site: SiteDep, operator: Operator, form: Form) -> Response:
    """Do what was confirmed, or let it carry more or less."""
    try:
        return await _change(site, operator, channel, provider, form)
    except NotFound as error:
        return problem(site, operator, error, 404)


async def _change(site: Site, operator: Operator, channel: str, provider: str, form: FormData) -> Response:
    to, typed = str(form.get("to", "")), str(form.get("weight", ""))[:20]
    try:
        name, carried = _named(site, channel)
        wish = _wish(to) if to else None
        weight = None if wish else _weight(typed)
        async with begin(site.engine) as connection:
            await choose(connection, carried, provider, operator.email, weight, wish)
    except Refused as error:
        return await _show(site, operator, channel, provider, typed=typed, wrong=str(error.args[0]))
    site.hints.deliver(name)
    return go(f"/console/channels/{name}/providers/{provider}")


def _named(site: Site, channel: str) -> tuple[ChannelName, Channel]:
    for name, carried in site.channels.items():
        if name.value == channel:
            return name, carried
    raise NotFound(f"There is no channel {channel!r} here.")


def _wish(to: str) -> Wish:
    if to not in set(Wish):
        raise NotFound(f"A provider is on, off or auto, and not {to!r}.")
    return Wish(to)


def _weight(typed: str) -> int:
    if not (typed.isascii() and typed.isdecimal() and int(typed) <= _MOST_WEIGHT):
        raise Refused(f"A weight is a whole number from 0 to {_MOST_WEIGHT:,}.", field="weight")
    return int(typed)


async def _show(
    site: Site, operator: Operator, channel: str, provider: str, *, to: str = "", typed: str = "", wrong: str = ""
) -> Response:
    name, carried = _named(site, channel)
    async with begin(site.engine) as connection:
        now = await now_of(connection)
        all_of_them = await carriers(connection, carried, _CHANGES)
    shown = next((one for one in all_of_them if one.share.provider == provider), None)
    if shown is None:
        raise no_provider(carried, provider)
    asked = Wish(to) if to in set(Wish) and to != shown.condition.wish else None
    context: dict[str, Any] = {
        "channel": name,
        "one": shown,
        "asked": asked,
        "without": _without(all_of_them, shown, name),
        "typed": typed or str(shown.weight),
        "wrong": wrong,
        "now": now,
    }
    # Nothing moves under whoever is asked or types.
    live = None if asked or wrong else QUIET_SECONDS
    return show("provider", site, operator, "channels", live=live, status_code=422 if wrong else 200, **context)


def _without(all_of_them: Sequence[Carrier], gone: Carrier, channel: ChannelName) -> str:
    """Say who carries on where nothing goes by `gone`."""
    others = [one.share.provider for one in all_of_them if one is not gone and one.condition.is_used]
    if not others:
        return f"Nobody else carries {channel} now: what is due is held, untried, until somebody does."
    return f"What is due goes by {' and '.join(others)}."
