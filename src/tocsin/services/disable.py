"""Disables addresses that took nothing for days, once their owners have had a day to mend it."""

from __future__ import annotations

from datetime import UTC, datetime

import structlog

from tocsin.domain.language import instant
from tocsin.store import trouble
from tocsin.store.engine import Connection

log = structlog.get_logger()


async def disable(connection: Connection, after: float) -> int:
    """Tell owners of addresses that keep failing, and disable what did nothing else for `after` seconds.

    Return how many were disabled.
    """
    told = await trouble.promise_notices(connection)
    if told:
        log.info("trouble.owners_told", endpoints=told)
    async with connection.transaction():
        over = await trouble.lock_over(connection, after)
        if over:
            await trouble.disable(connection, {key: one.disabled_because(_shown) for key, one in over.items()})
    for endpoint, one in over.items():
        log.warning("endpoint.disabled", endpoint=endpoint, failures=one.failures, told=one.told_at is not None)
    return len(over)


def _shown(seconds: float) -> str:
    return instant(datetime.fromtimestamp(seconds, UTC))
