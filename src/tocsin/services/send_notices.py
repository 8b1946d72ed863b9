"""Sends the notices that were promised, through the channels that carry everything else.

Links and codes are made at this moment and only their hashes are kept, so that nobody who reads the database can use
them. A notice that may have gone out is sent once more: it carries a link of its own, and does no harm twice.
"""

from __future__ import annotations

import hmac
import random
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from tocsin.domain.channel import Accepted, Channel, Message, Result
from tocsin.domain.endpoint import EndpointState
from tocsin.domain.errors import Ambiguous, TryAgain
from tocsin.domain.language import Language, Languages
from tocsin.domain.notice import Herald, Notice, NoticeKind
from tocsin.domain.opting_in import Purpose
from tocsin.domain.patience import Patience
from tocsin.domain.tokens import Signer
from tocsin.domain.trouble import DISABLE_AFTER_HOURS, disabled_at
from tocsin.services import notice_words
from tocsin.services.hand_over import hand_over
from tocsin.services.providers import Providers
from tocsin.services.recognise import recognisable
from tocsin.services.wanted import read_wanted
from tocsin.store import links, notices, opt_ins, persons, suppressions, trouble
from tocsin.store.engine import begin
from tocsin.store.notices import Promised

log = structlog.get_logger()

_BATCH: Final = 25
_LEASE_SECONDS: Final = 120.0
_DOWN_SECONDS: Final = 5.0
_MOST_TRIES: Final = 12
_MOST_UNKNOWN: Final = 2
_DIGITS: Final = 6


@dataclass(frozen=True, slots=True)
class Desk:
    """What it takes to send notices on one channel."""

    engine: AsyncEngine
    channel: Channel
    languages: Languages
    patience: Patience
    brand: str
    url: str
    secret: str
    confirm_hours: float
    manage_days: float
    disable_after_hours: float = DISABLE_AFTER_HOURS
    providers: Providers | None = None


async def send_notices(desk: Desk) -> int:
    """Send the notices that are due; return how many went out. A database that is away is asked again later."""
    if not isinstance(desk.channel, Herald):
        return 0
    try:
        return await _send_due(desk, desk.channel)
    except (DBAPIError, OSError) as error:
        log.warning("notice.database_trouble", channel=desk.channel.name, error=str(error))
        return 0


async def _send_due(desk: Desk, herald: Herald) -> int:
    sent = 0
    while True:
        async with begin(desk.engine) as connection:
            due = await notices.take(connection, desk.channel.name, _BATCH, _LEASE_SECONDS)
        if not due:
            return sent
        provider = await _provider(desk, due)
        if provider is None:
            await _put_off(desk, due)
            return sent
        sent += await _send(desk, herald, provider, due)


async def _provider(desk: Desk, due: Sequence[Promised]) -> str | None:
    return desk.channel.provider if desk.providers is None else (await desk.providers.turn_of(due[0].id)).provider


async def _put_off(desk: Desk, due: Sequence[Promised]) -> None:
    """Let notices wait for a provider: none of their tries are lost."""
    async with begin(desk.engine) as connection:
        for promised in due:
            await notices.put_off(connection, promised, _DOWN_SECONDS)


async def _send(desk: Desk, herald: Herald, provider: str, due: Sequence[Promised]) -> int:
    going: list[Promised] = []
    messages: list[Message] = []
    for promised in due:
        async with begin(desk.engine) as connection:
            words = await _words(connection, desk, promised)
            if words is None:
                await notices.end(connection, promised, "unwanted", "")
                continue
            try:
                rendered = herald.render_notice(words)
            except Exception as error:  # broken words must stop nobody else's: nothing has been sent
                log.exception("notice.not_written", notice=promised.id)
                await _record(connection, desk, promised, TryAgain(f"The notice could not be written: {error}"))
                continue
        going.append(promised)
        messages.append(_message(desk, promised, rendered))
    results = await hand_over(desk.channel, provider, messages, desk.providers) if messages else []
    for promised, result in zip(going, results, strict=True):
        async with begin(desk.engine) as connection:
            await _record(connection, desk, promised, result)
    return sum(isinstance(result, Accepted) for result in results)


def _message(desk: Desk, promised: Promised, rendered: object) -> Message:
    # Receipts name an update and an endpoint; a notice belongs to none, and what is reported of it changes nothing.
    nobody = Signer(desk.secret, "delivery").make(0, 0)
    return Message(
        id=f"notice-{promised.id}-{promised.tries}.{secrets.token_hex(4)}",
        address=promised.address,
        name="",
        rendered=rendered,
        endpoint=f"notice-{promised.id}",
        token="",
        delivery=nobody,
    )


async def _record(connection: AsyncConnection, desk: Desk, promised: Promised, result: Result) -> None:
    if isinstance(result, Accepted):
        await notices.end(connection, promised, "accepted", result.note, result.provider_id)
        if promised.kind is NoticeKind.FAILING and promised.endpoint_id is not None:
            await trouble.told(connection, promised.endpoint_id)
    elif promised.kind is NoticeKind.CANARY:  # the next one tells more than a second try
        await notices.end(connection, promised, "failed", result.note)
    elif isinstance(result, Ambiguous) and promised.tries < _MOST_UNKNOWN:
        await notices.again(connection, promised, 30.0, result.note)
    elif isinstance(result, Ambiguous):
        await notices.end(connection, promised, "unknown", result.note)
    elif isinstance(result, TryAgain) and not _is_over(desk, promised):
        wait = desk.patience.wait(promised.tries, random.random(), result.retry_after)  # noqa: S311 - jitter
        await notices.again(connection, promised, wait, result.note)
    else:
        await notices.end(connection, promised, "failed", result.note)
    log.info("notice.sent", notice=promised.id, kind=promised.kind, outcome=type(result).__name__)


def _is_over(desk: Desk, promised: Promised) -> bool:
    return promised.tries >= _MOST_TRIES or promised.age > desk.confirm_hours * 3600


async def _words(connection: AsyncConnection, desk: Desk, promised: Promised) -> Notice | None:
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
            return notice_words.way_in(desk.languages.of(found.locale), desk.brand, url)
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
    return notice_words.question(language, desk.brand, opt_in, f"{desk.url}/confirm/{token}")


async def _manage(connection: AsyncConnection, desk: Desk, subscriber: int) -> str:
    return f"{desk.url}/manage/{await links.make(connection, hours=desk.manage_days * 24, subscriber=subscriber)}"


def sealed_code(secret: str, opt_in: int, digits: str) -> bytes:
    """Return how a code is kept: six digits would be guessed from a plain hash."""
    return hmac.digest(secret.encode(), f"code:{opt_in}:{digits}".encode(), "sha256")
