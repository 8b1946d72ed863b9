"""What the buttons of the manage page do, one function a button; each is done in one transaction or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.channel import ChannelName
from tocsin.domain.endpoint import EndpointState
from tocsin.domain.errors import Refused
from tocsin.domain.opting_in import Purpose
from tocsin.domain.timing import zone
from tocsin.services.address import Address
from tocsin.services.ask import Question, ask
from tocsin.services.choose import chosen, pause, tell_about_me
from tocsin.services.honour_opt_outs import keep_opt_outs
from tocsin.services.known_zones import zones
from tocsin.services.leave import forget_me, start, stop
from tocsin.services.name_fallback import name_fallback
from tocsin.services.public_address import offered, read_public_address
from tocsin.services.remove import remove_endpoint
from tocsin.services.wanted import write_wanted
from tocsin.store import links, mine
from tocsin.store.engine import begin
from tocsin.store.subscribers import Endpoint
from tocsin.web.pages import manage_incidents, visiting
from tocsin.web.pages.layout import page
from tocsin.web.pages.manage_doing import Deed, Doing
from tocsin.web.pages.manage_receivers import add_receiver, challenge_receiver, rotate
from tocsin.web.pages.manage_view import Notes
from tocsin.web.pages.reader import languages
from tocsin.web.pages.subscribe import wrong_address

_MOST_ADDRESSES: Final = 50  # as the API takes them
_LONGEST_SECONDS: Final = 90 * 86_400


async def _stop(doing: Doing) -> Notes:
    endpoint = doing.endpoint
    async with begin(doing.site.engine) as connection:
        await stop(connection, doing.secret, doing.who, [endpoint], "page", doing.network)
    return Notes(done="stopped")


async def _stop_all(doing: Doing) -> Notes:
    async with begin(doing.site.engine) as connection:
        await stop(connection, doing.secret, doing.who, doing.who.endpoints, "page", doing.network)
    return Notes(done="stopped-all")


async def _start(doing: Doing) -> Notes:
    async with begin(doing.site.engine) as connection:
        done = await start(connection, doing.secret, doing.who, doing.endpoint, doing.network)
    return Notes(done="started" if done else "gone")


async def _remove(doing: Doing) -> Notes:
    if len(doing.who.endpoints) == 1:
        return Notes(problem="last")
    endpoint = doing.endpoint
    async with begin(doing.site.engine) as connection:
        await stop(connection, doing.secret, doing.who, [endpoint], "page", doing.network)
        await keep_opt_outs(connection, doing.secret, [replace(endpoint, state=EndpointState.OPTED_OUT)])
        await remove_endpoint(connection, doing.who.public_id, endpoint.public_id)
        await links.end_all(connection, doing.who.id, but=doing.token)  # whoever reads there has one
    return Notes(done="removed")


async def _pause(doing: Doing) -> Notes:
    async with begin(doing.site.engine) as connection:
        until = await _until(connection, doing)
        if until is None:
            return Notes(problem="until", fields={"until": doing.text("until")})
        await pause(connection, doing.who.public_id, until)
    return Notes(done="paused")


async def _resume(doing: Doing) -> Notes:
    async with begin(doing.site.engine) as connection:
        await pause(connection, doing.who.public_id, None)
        channels = await mine.look_again(connection, [one.id for one in doing.who.endpoints])
    for channel in set(channels):
        doing.site.hints.deliver(ChannelName(channel))
    return Notes(done="resumed")


async def _person(doing: Doing) -> Notes:
    zone_name, code = doing.text("time_zone"), doing.text("language")
    if zone_name not in zones():
        return Notes(problem="zone", fields={"time_zone": zone_name, "language": code})
    known = [one.code for one in languages()]
    async with begin(doing.site.engine) as connection:
        locale = code if code in known else doing.who.locale
        await tell_about_me(connection, doing.who.public_id, locale, zone_name)
    return Notes(done="person")


async def _add(doing: Doing) -> Response | Notes:
    """Add an address, or (with an endpoint) put it in the place of one: it is asked first."""
    moving = doing.endpoint if doing.text("endpoint") else None
    if moving is None and len(doing.who.endpoints) >= _MOST_ADDRESSES:
        return Notes(problem="many")
    name = moving.channel if moving else doing.text("channel")
    typed = doing.text("address")
    fields = {"channel": name, "address": typed}
    if moving is None and name not in offered(doing.site.settings, doing.site.channels):
        return Notes(problem=doing.language.say("Choose where you want to hear from us."), fields=fields)
    channel = ChannelName(name)
    try:
        address = read_public_address(channel, typed, doing.site.settings, doing.site.channels)
    except Refused:
        return Notes(problem=wrong_address(doing.language, channel, doing.site), fields=fields)
    if channel is ChannelName.WEBHOOK:
        return await add_receiver(doing, address)
    purpose = Purpose.MOVE if moving else Purpose.ADD
    return await _ask(doing, Question(purpose, channel, address, _like(doing, moving), doing.who.id,
                                      moving.id if moving else None))  # fmt: skip


async def _return(doing: Doing) -> Response | Notes:
    """Have an address that was in quarantine confirm that it works again."""
    endpoint = doing.endpoint
    if endpoint.state is EndpointState.ACTIVE:
        return Notes(done="back")
    channel = ChannelName(endpoint.channel)
    address = Address(endpoint.address, endpoint.key)
    return await _ask(doing, Question(Purpose.RETURN, channel, address, {}, doing.who.id, endpoint.id))


async def _ask(doing: Doing, question: Question) -> Response | Notes:
    browser = visiting.new_browser()
    asker = visiting.asker(doing.request, doing.language, browser)
    async with begin(doing.site.engine) as connection:
        bound = await ask(connection, doing.site.settings.subscribe, doing.secret, question, asker)
    if bound is not None:
        return visiting.too_often(doing.site.settings, doing.language, bound)
    doing.site.hints.deliver(question.channel)
    return visiting.asked(doing.site.settings, question.channel, browser, f"/manage/{doing.token}?done=asked")


def _like(doing: Doing, moving: Endpoint | None) -> dict[str, object]:
    """Return what a new address is to hear: what the first of theirs does."""
    first = moving or next(iter(doing.who.endpoints), None)
    seen = None if first is None else chosen(first)
    return write_wanted((seen and seen.components) or (), (seen and seen.groups) or (), time_zone=doing.who.time_zone)


async def _fallback(doing: Doing) -> Notes:
    """Name the address that is written to where this one has failed for good."""
    endpoint = doing.endpoint
    try:
        async with begin(doing.site.engine) as connection:
            await name_fallback(connection, doing.who.public_id, endpoint.public_id, doing.text("fallback") or None)
    except Refused:
        return Notes(problem="circle", fields={"fallback": endpoint.public_id})
    return Notes(done="chosen")


async def _forget(doing: Doing) -> Response | Notes:
    if not doing.text("agree"):
        return Notes(problem="agree")
    async with begin(doing.site.engine) as connection:
        await forget_me(connection, doing.secret, doing.who, doing.network)
    return page("manage_forgotten.html", language=doing.language, brand=doing.site.settings.brand)


async def _until(connection: AsyncConnection, doing: Doing) -> float | None:
    """Return the moment that was chosen, in the subscriber's own hours; None where it is none to come."""
    now, _ = await mine.now(connection)
    hours = {"1h": 1, "4h": 4, "24h": 24, "7d": 168}.get(doing.text("for"))
    if hours is not None:
        return now + hours * 3600
    try:
        local = datetime.fromisoformat(doing.text("until"))
        at = (local if local.tzinfo else local.replace(tzinfo=zone(doing.who.time_zone))).astimezone(UTC).timestamp()
    except (ValueError, OverflowError):
        return None
    return at if now < at <= now + _LONGEST_SECONDS else None


DEEDS: Final[Mapping[str, Deed]] = {
    "stop": _stop,
    "stop-all": _stop_all,
    "start": _start,
    "remove": _remove,
    "pause": _pause,
    "resume": _resume,
    "person": _person,
    "add": _add,
    "return": _return,
    "challenge": challenge_receiver,
    "rotate": rotate,
    "fallback": _fallback,
    "forget": _forget,
    **manage_incidents.DEEDS,
}
