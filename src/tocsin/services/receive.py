"""Takes in what a provider reports later of its messages: in any order, early, late or twice, it ends the same."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from tocsin.domain.channel import Receipt, ReceiptKind
from tocsin.domain.delivery import MOVES, State
from tocsin.domain.tokens import Signer
from tocsin.store import receipts as store
from tocsin.store.engine import begin

log = structlog.get_logger()

_MEANS = {ReceiptKind.DELIVERED: State.DELIVERED, ReceiptKind.BOUNCED: State.BOUNCED}
_DELIVERY_NUMBERS = 2


async def receive(engine: AsyncEngine, secret: str, provider: str, receipts: Sequence[Receipt]) -> int:
    """Write down receipts and what they change; return how many were about deliveries of ours."""
    sign = Signer(secret, "delivery")
    ours = 0
    for receipt in receipts:
        numbers = sign.read(receipt.delivery)
        if numbers is None or len(numbers) != _DELIVERY_NUMBERS:
            log.warning("receipt.not_ours", provider=provider)
            continue
        message, endpoint = numbers
        await _receive(engine, provider, message, endpoint, receipt)
        ours += 1
    return ours


async def _receive(engine: AsyncEngine, provider: str, message: int, endpoint: int, receipt: Receipt) -> None:
    async with begin(engine) as connection:
        await store.keep(connection, provider, message, endpoint, receipt)
        state = _MEANS.get(receipt.kind)
        if state is None:  # delayed: the provider goes on trying, and says so again if it gives up
            return
        allowed = [before for before, after in MOVES.items() if state in after]
        updates = await store.apply(connection, state, allowed, message, endpoint, receipt.note)
        if state is State.BOUNCED and updates:
            await store.take_back(connection, endpoint, updates)
            if not receipt.keeps_address:
                await store.quarantine(connection, endpoint, receipt.note)
    log.info("receipt.applied", provider=provider, kind=receipt.kind, code=receipt.code, rows=len(updates))
