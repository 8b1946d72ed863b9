"""Takes in what a provider reports later of its messages: in any order, early, late or twice, it ends the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import Final

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from tocsin.domain.channel import ChannelName, Receipt, ReceiptKind
from tocsin.domain.delivery import State, before
from tocsin.domain.printable import printable
from tocsin.domain.tally import Tally
from tocsin.domain.tokens import Signer
from tocsin.services.report_unlisted import report, strange_reports
from tocsin.services.unsubscribe import yielding
from tocsin.store import providers
from tocsin.store import receipts as store
from tocsin.store.arrivals import Arrival
from tocsin.store.arrivals import keep as keep_arrivals
from tocsin.store.engine import bare, begin
from tocsin.store.opt_out import opt_out

log = structlog.get_logger()

# Who calls it spam has it.
_MEANS = {
    ReceiptKind.DELIVERED: State.DELIVERED,
    ReceiptKind.COMPLAINED: State.DELIVERED,
    ReceiptKind.BOUNCED: State.BOUNCED,
}
_STOPS = frozenset({ReceiptKind.COMPLAINED, ReceiptKind.OPTED_OUT})
_IN_THE_WAY: Final = frozenset({"55P03", "40P01"})  # lock_not_available, deadlock_detected
_DELIVERY_NUMBERS = 2
_ONCE_MORE_SECONDS = 3_600.0  # a phone that was off or out of reach may be back
_APART_SECONDS = 86_400.0  # so that one night with the phone off is no proof


async def receive(
    engine: AsyncEngine, secret: str, provider: str, receipts: Sequence[Receipt], channel: ChannelName | None = None
) -> int:
    """Write down receipts and what they change; return how many were about deliveries of ours.

    Where `channel` is named, those that blame us count against its provider, and against no recipient; and codes that
    no table of ours has are reported.
    """
    sign = Signer(secret, "delivery")
    ours: list[Arrival] = []
    faults = 0
    strange: list[Receipt] = []
    for receipt in receipts:
        numbers = sign.read(receipt.delivery)
        if numbers is None or len(numbers) != _DELIVERY_NUMBERS:
            log.warning("receipt.not_ours", provider=provider)
            continue
        message, endpoint = numbers
        ours.append(Arrival(message, endpoint, _kept(receipt)))
    for arrived, some in groupby(ours, lambda one: one.receipt.kind is ReceiptKind.DELIVERED):
        told = list(some)
        if arrived and len(told) > 1 and await _receive_together(engine, provider, told):
            continue
        for one in told:
            is_new = await _receive(engine, provider, one.message, one.endpoint, one.receipt)
            faults += is_new and one.receipt.our_fault and one.receipt.kind is ReceiptKind.BOUNCED
            if is_new:
                strange.append(one.receipt)
    if faults and channel is not None:
        await _blame(engine, channel, provider, faults)
    if channel is not None and (found := strange_reports(provider, strange)):
        async with begin(engine) as connection:
            await report(await bare(connection), channel, found)
    return len(ours)


def _kept(receipt: Receipt) -> Receipt:
    """Return a report as it can be kept: receiving servers' words are in it, and one must not cost the others."""
    if all(words.isprintable() for words in (receipt.code, receipt.note, receipt.event)):
        return receipt
    code, note, event = (printable(words) for words in (receipt.code, receipt.note, receipt.event))
    return replace(receipt, code=code, note=note, event=event)


async def _blame(engine: AsyncEngine, channel: ChannelName, provider: str, faults: int) -> None:
    """Count messages against their provider that counted as good when it took them."""
    async with begin(engine) as connection:
        await providers.add_and_read(await bare(connection), channel, {provider: Tally(good=-faults, faults=faults)})


async def _receive_together(engine: AsyncEngine, provider: str, arrivals: Sequence[Arrival]) -> bool:
    """Write down many that say no more than that it arrived; return False where somebody has one of the rows."""
    try:
        async with begin(engine) as connection:
            rows = await keep_arrivals(connection, provider, arrivals)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) not in _IN_THE_WAY:
            raise
        return False
    log.info("receipt.applied", provider=provider, kind=ReceiptKind.DELIVERED, receipts=len(arrivals), rows=rows)
    return True


async def _receive(engine: AsyncEngine, provider: str, message: int, endpoint: int, receipt: Receipt) -> bool:
    async for attempt in yielding():
        with attempt:
            async with begin(engine) as connection:
                return await _write(connection, provider, message, endpoint, receipt)
    raise AssertionError("the last attempt returns or raises")


async def _write(connection: AsyncConnection, provider: str, message: int, endpoint: int, receipt: Receipt) -> bool:
    """Write a receipt and what it changes; return False where it was written before."""
    if not await store.keep(connection, provider, message, endpoint, receipt):
        log.info("receipt.repeated", provider=provider, kind=receipt.kind)
        return False
    if receipt.our_fault:
        log.warning("receipt.our_fault", provider=provider, code=receipt.code, note=receipt.note)
    if receipt.kind in _STOPS:
        await opt_out(connection, endpoint, receipt.note or receipt.kind)
    state = _MEANS.get(receipt.kind)
    if receipt.may_pass:
        await store.lock_bucket(connection, endpoint)
    if state is None:  # delayed: the provider goes on trying, and says so again if it gives up
        return True
    updates = await store.apply(connection, state, before(state), message, endpoint, receipt.note)
    if state is State.BOUNCED:
        await store.take_back(connection, endpoint, updates)
        # A soft bounce may be followed by a hard one, of a message that has bounced already.
        if not receipt.keeps_address and (updates or await store.is_news(connection, message, endpoint, receipt)):
            await store.quarantine(connection, endpoint, receipt.note)
        elif receipt.twice_is_proof and await store.is_said_again(
            connection, provider, message, endpoint, receipt, _APART_SECONDS
        ):
            await store.quarantine(connection, endpoint, f"{receipt.note}, for the second time")
        elif receipt.may_pass:
            await store.try_once_more(connection, endpoint, updates, _ONCE_MORE_SECONDS)
    log.info("receipt.applied", provider=provider, kind=receipt.kind, code=receipt.code, rows=len(updates))
    return True
