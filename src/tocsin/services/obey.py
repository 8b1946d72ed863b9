"""Does at once what people ask of a provider in reply to a message: STOP, or START again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from tocsin.domain.channel import ChannelName, Receipt, ReceiptKind
from tocsin.services.unsubscribe import yielding
from tocsin.store import opt_out as store
from tocsin.store.engine import begin

log = structlog.get_logger()

WISHES: Final = frozenset({ReceiptKind.OPTED_OUT, ReceiptKind.OPTED_IN})


async def obey(engine: AsyncEngine, channel: ChannelName, wishes: Sequence[Receipt]) -> None:
    """Stop or take up writing to the addresses named; to ask twice, or from an unknown address, changes nothing."""
    for wish in wishes:
        changed = await _obey(engine, channel, wish)
        log.info("receipt.wish", channel=channel, kind=wish.kind, changed=changed)


async def _obey(engine: AsyncEngine, channel: ChannelName, wish: Receipt) -> bool:
    async for attempt in yielding():
        with attempt:
            async with begin(engine) as connection:
                endpoint = await store.find_by_address(connection, channel, wish.address)
                if endpoint is None:
                    return False
                if wish.kind is ReceiptKind.OPTED_OUT:
                    return await store.opt_out(connection, endpoint, wish.note)
                return await store.opt_in(connection, endpoint)
    return False
