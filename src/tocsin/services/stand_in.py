"""Lets the fallback of an address that failed for good hear in its stead: what is owed, and the ends of that."""

from __future__ import annotations

import structlog

from tocsin.store import fallbacks as store
from tocsin.store.engine import Connection, Pool

log = structlog.get_logger()


async def stand_in(pool: Pool) -> int:
    """Hand over what is owed to fallbacks; return how many addresses were stood in for.

    A fallback that is being written to at this moment is left for the next call.
    """
    async with pool.acquire() as connection:
        owing = await store.owing(connection)
        done = 0
        for endpoint in owing:
            async with connection.transaction():
                done += await _hand_over(connection, endpoint)
    return done


async def _hand_over(connection: Connection, endpoint: int) -> bool:
    updates = await store.lock_debts(connection, endpoint)
    if not updates:
        return False
    found = await store.stand_in_of(connection, endpoint)
    if found is not None:
        if not await store.lock_idle(connection, found):
            return False
        await store.hand_over(connection, endpoint, found, updates)
        log.info("endpoint.stood_in_for", endpoint=endpoint, by=found.id, channel=found.channel, updates=len(updates))
    await store.settle(connection, endpoint, updates)
    return found is not None
