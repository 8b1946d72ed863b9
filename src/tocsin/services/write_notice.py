"""Writes the words of a notice at the moment it goes out, where there is still somebody who wants them.

Links and codes are made here and only their hashes are kept, so that nobody who reads the database can use them.
"""

from __future__ import annotations

import hmac
import secrets
from datetime import UTC, datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.endpoint import EndpointState
from tocsin.domain.language import Language
from tocsin.domain.notice import Notice, NoticeKind
from tocsin.domain.opting_in import Purpose
from tocsin.domain.trouble import disabled_at
from tocsin.services import notice_words
from tocsin.services.desk import Desk
from tocsin.services.recognise import recognisable
from tocsin.services.wanted import read_wanted
from tocsin.store import links, opt_ins, persons, suppressions, trouble
from tocsin.store.notices import Promised

_DIGITS: Final = 6
_HOUR_SECONDS: Final = 3600
_DAY_SECONDS: Final = 86_400


async def write_notice(connection: AsyncConnection, desk: Desk, promised: Promised) -> Notice | None:
    """Return what is to be said, None where it would be unwanted or there is nobody to say it to."""
    language = desk.languages.of(promised.locale)
    match promised.kind:
        case NoticeKind.CONFIRM:
            return await _question(connection, desk, promised)
        case NoticeKind.LINK:
            found = await persons.by_address(connection, promised.channel, promised.key)
            if found is None or found.state is EndpointState.UNCONFIRMED:
                return None
            url = await _manage(connection, desk, found.subscriber_id)
            seconds = desk.manage_days * _DAY_SECONDS
            return notice_words.way_in(desk.languages.of(found.locale), desk.brand, url, seconds)
        case NoticeKind.QUARANTINED:
            return await _quarantined(connection, desk, promised, language)
        case NoticeKind.CANARY:
            return notice_words.canary(desk.brand, desk.url)
        case NoticeKind.FAILING:
            return await _failing(connection, desk, promised, language)


async def _quarantined(
    connection: AsyncConnection, desk: Desk, promised: Promised, language: Language
) -> Notice | None:
    assert promised.subscriber_id is not None
    assert promised.endpoint_id is not None
    about = await persons.by_endpoint(connection, promised.endpoint_id)
    if about is None or about.state is not EndpointState.QUARANTINED:
        return None
    url = await _manage(connection, desk, promised.subscriber_id)
    return notice_words.quarantined(language, desk.brand, recognisable(about.channel, about.address), url)


async def _failing(connection: AsyncConnection, desk: Desk, promised: Promised, language: Language) -> Notice | None:
    assert promised.subscriber_id is not None
    assert promised.endpoint_id is not None
    about = await persons.by_endpoint(connection, promised.endpoint_id)
    found = await trouble.of_endpoint(connection, promised.endpoint_id)
    if about is None or about.state is not EndpointState.ACTIVE or found is None:
        return None  # it works again
    how, now = found
    until = disabled_at(how.since, now, desk.disable_after_hours * 3600)
    since, when = (language.moment(datetime.fromtimestamp(at, UTC)) for at in (how.since, until))
    url = await _manage(connection, desk, promised.subscriber_id)
    return notice_words.failing(language, desk.brand, recognisable(about.channel, about.address), url, since, when)


async def _question(connection: AsyncConnection, desk: Desk, promised: Promised) -> Notice | None:
    assert promised.opt_in_id is not None
    opt_in = await opt_ins.by_id(connection, promised.opt_in_id)
    if opt_in is None or opt_in.outcome is not None or opt_in.is_expired:
        return None
    if await suppressions.reason_of(connection, opt_in.channel, opt_in.seal) in {"not_me", "stopped"}:
        return None  # they said that nobody may ask again
    language = desk.languages.of(opt_in.locale)
    if opt_in.channel == "sms":
        digits = f"{secrets.randbelow(10**_DIGITS):0{_DIGITS}}"
        await opt_ins.set_code(connection, opt_in.id, sealed_code(desk.secret, opt_in.id, digits))
        return notice_words.code(language, desk.brand, digits)
    if opt_in.purpose is Purpose.JOIN and not read_wanted(opt_in.wanted).webhook:
        there = await persons.by_address(connection, opt_in.channel, opt_in.key)
        if there is not None and there.state is EndpointState.ACTIVE:
            url = await _manage(connection, desk, there.subscriber_id)
            return notice_words.subscribed(desk.languages.of(there.locale), desk.brand, url)
    token = await links.make(connection, hours=desk.confirm_hours, opt_in=opt_in.id)
    url = f"{desk.url}/confirm/{token}"
    return notice_words.question(language, desk.brand, opt_in, url, desk.confirm_hours * _HOUR_SECONDS)


async def _manage(connection: AsyncConnection, desk: Desk, subscriber: int) -> str:
    return f"{desk.url}/manage/{await links.make(connection, hours=desk.manage_days * 24, subscriber=subscriber)}"


def sealed_code(secret: str, opt_in: int, digits: str) -> bytes:
    """Return how a code is kept: six digits would be guessed from a plain hash."""
    return hmac.digest(secret.encode(), f"code:{opt_in}:{digits}".encode(), "sha256")
