"""Does at once what people ask of a provider in reply to a message: STOP, or START again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from tocsin.domain.asking import seal
from tocsin.domain.channel import ChannelName, Receipt, ReceiptKind
from tocsin.domain.opting_in import Evidence
from tocsin.services.unsubscribe import evidence, yielding
from tocsin.store import consents, persons, suppressions
from tocsin.store import opt_out as store
from tocsin.store.engine import begin

log = structlog.get_logger()

WISHES: Final = frozenset({ReceiptKind.OPTED_OUT, ReceiptKind.OPTED_IN})


async def obey(engine: AsyncEngine, channel: ChannelName, wishes: Sequence[Receipt], secret: str = "") -> None:
    """Stop or take up writing to the addresses named; to ask twice changes nothing.

    Who stops is not asked either, by whoever types their number on our page, until they begin again. `secret` is the
    installation's own; where there is none, nothing is kept as evidence.
    """
    for wish in wishes:
        changed = await _obey(engine, channel, wish, secret)
        log.info("receipt.wish", channel=channel, kind=wish.kind, changed=changed)


async def _obey(engine: AsyncEngine, channel: ChannelName, wish: Receipt, secret: str) -> bool:
    async for attempt in yielding():
        with attempt:
            async with begin(engine) as connection:
                if secret and channel is ChannelName.SMS:
                    await _remember(connection, channel, wish, secret)
                there = await persons.by_address(connection, channel, wish.address)
                if there is None:
                    return False
                if wish.kind is ReceiptKind.OPTED_OUT:
                    changed, what = await store.opt_out(connection, there.endpoint_id, wish.note), Evidence.WITHDRAWN
                else:
                    changed, what = await store.opt_in(connection, there.endpoint_id), Evidence.RETURNED
                if secret and changed:
                    await consents.write(connection, evidence(what, secret, there, "reply"))
                return changed
    return False


async def _remember(connection: AsyncConnection, channel: ChannelName, wish: Receipt, secret: str) -> None:
    """Keep that nobody may have us write to this number, or forget it again."""
    sealed = seal(secret, channel, wish.address)
    if wish.kind is ReceiptKind.OPTED_OUT:
        await suppressions.add(connection, channel, [sealed], "stopped")
    else:
        await suppressions.lift(connection, channel, sealed)
