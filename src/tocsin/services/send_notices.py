"""Sends the notices that were promised, through the channels that carry everything else, and at their pace.

A notice that may have gone out is sent once more: it carries a link of its own, and does no harm twice.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Mapping, Sequence
from typing import Final

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.channel import Accepted, Message, Result, way_by
from tocsin.domain.errors import Ambiguous, TooFast, TryAgain
from tocsin.domain.gate import gates_of
from tocsin.domain.notice import Herald, NoticeKind
from tocsin.domain.tokens import Signer
from tocsin.domain.turns import waits_of
from tocsin.services.desk import Desk
from tocsin.services.hand_over import hand_over
from tocsin.services.outcome import PutOff, closed_seconds
from tocsin.services.pacing import ask, closings, foresee, full
from tocsin.services.report_unlisted import report, strange_answers
from tocsin.services.write_notice import write_notice
from tocsin.store import canaries, closed_gates, notices, trouble
from tocsin.store.engine import bare, begin
from tocsin.store.notices import Promised

log = structlog.get_logger()

_BATCH: Final = 25
_LEASE_SECONDS: Final = 120.0
_DOWN_SECONDS: Final = 5.0
_MOST_TRIES: Final = 12
_MOST_UNKNOWN: Final = 2


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
            now, closed = await closed_gates.read(await bare(connection), desk.channel.name)
        provider = await _provider(desk, due, closed)
        if provider is None:
            await _put_off(desk, due, [_DOWN_SECONDS] * len(due))
            return sent
        gates = [gates_of(way_by(desk.channel, provider), promised.address) for promised in due]
        waits = waits_of(gates, foresee(desk.pacer, gates), closed, now)
        await _put_off(desk, due, waits)  # before a code or a link is made
        going = [promised for promised, wait in zip(due, waits, strict=True) if wait <= 0]
        sent += await _send(desk, herald, provider, going)


async def _provider(desk: Desk, due: Sequence[Promised], closed: Mapping[str, float]) -> str | None:
    if desk.providers is None:
        return desk.channel.provider
    return (await desk.providers.turn_of(due[0].id, full(desk.channel, desk.pacer, closed))).provider


async def _put_off(desk: Desk, due: Sequence[Promised], waits: Sequence[float]) -> None:
    """Let notices wait for a provider: none of their tries are lost."""
    if any(wait > 0 for wait in waits):
        async with begin(desk.engine) as connection:
            for promised, wait in zip(due, waits, strict=True):
                if wait > 0:
                    await notices.put_off(connection, promised, wait)


async def _send(desk: Desk, herald: Herald, provider: str, due: Sequence[Promised]) -> int:
    going: list[Promised] = []
    messages: list[Message] = []
    for promised in due:
        async with begin(desk.engine) as connection:
            words = await write_notice(connection, desk, promised)
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
    results = await _hand_over(desk, provider, messages) if messages else []
    await _close_gates(desk, provider, messages, results)
    if found := strange_answers(desk.channel, provider, [message.address for message in messages], results):
        async with begin(desk.engine) as connection:
            await report(await bare(connection), desk.channel.name, found)
    for promised, result in zip(going, results, strict=True):
        async with begin(desk.engine) as connection:
            await _record(connection, desk, promised, result)
    return sum(isinstance(result, Accepted) for result in results)


async def _hand_over(desk: Desk, provider: str, messages: Sequence[Message]) -> list[Result]:
    """Send what the pace lets pass; what has to wait is answered for by that."""
    turns = await ask(desk.pacer, way_by(desk.channel, provider), messages)
    passed = [message for message, turn in zip(messages, turns, strict=True) if turn is None]
    results = iter(await hand_over(desk.channel, provider, passed, desk.providers) if passed else ())
    return [next(results) if turn is None else turn for turn in turns]


async def _close_gates(desk: Desk, provider: str, messages: Sequence[Message], results: Sequence[Result]) -> None:
    """Close for all workers what the provider's answers close, for deliveries as well."""
    if any(isinstance(result, TooFast) for result in results):
        addresses = [message.address for message in messages]
        async with begin(desk.engine) as connection:
            driver = await bare(connection)
            now, _ = await closed_gates.read(driver, desk.channel.name)
            found = closings(way_by(desk.channel, provider), addresses, results, now)
            await closed_gates.close(driver, desk.channel.name, found)


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
        if promised.kind is NoticeKind.CANARY:
            await canaries.count(await bare(connection), promised.id)
        if promised.kind is NoticeKind.FAILING and promised.endpoint_id is not None:
            await trouble.told(connection, promised.endpoint_id)
    elif isinstance(result, PutOff):
        await notices.put_off(connection, promised, closed_seconds(result), result.note)
    elif promised.kind is NoticeKind.CANARY:  # the next one tells more than a second try
        await notices.end(connection, promised, "failed", result.note)
    elif isinstance(result, Ambiguous) and promised.tries < _MOST_UNKNOWN:
        await notices.again(connection, promised, 30.0, result.note)
    elif isinstance(result, Ambiguous):
        await notices.end(connection, promised, "unknown", result.note)
    elif isinstance(result, TooFast) and not _is_over(desk, promised):
        await notices.put_off(connection, promised, closed_seconds(result), result.note)
    elif isinstance(result, TryAgain) and not _is_over(desk, promised):
        wait = desk.patience.wait(promised.tries, random.random(), result.retry_after)  # noqa: S311 - jitter
        await notices.again(connection, promised, wait, result.note)
    else:
        await notices.end(connection, promised, "failed", result.note)
    log.info("notice.sent", notice=promised.id, kind=promised.kind, outcome=type(result).__name__)


def _is_over(desk: Desk, promised: Promised) -> bool:
    return promised.tries >= _MOST_TRIES or promised.age > desk.confirm_hours * 3600
