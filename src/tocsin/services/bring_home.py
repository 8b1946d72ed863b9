"""Lets slow addresses go back to where they were, once nothing is in doubt, so that their buckets do not pile up.

A bucket is emptied at one look and removed at the next: whoever has read its number just now still finds it.
"""

from __future__ import annotations

import asyncpg
import structlog

from tocsin.store import homes
from tocsin.store.engine import Connection

log = structlog.get_logger()


async def bring_home(connection: Connection, quiet_seconds: float = homes.QUIET_SECONDS) -> int:
    """Empty or remove the buckets of slow addresses that have been quiet for so long; return how many."""
    done = 0
    for bucket in await homes.quiet(connection, quiet_seconds):
        try:
            async with connection.transaction():
                await homes.leave_alone_what_is_locked(connection)
                done += await _go_home(connection, bucket, quiet_seconds)
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            log.info("bucket.in_use", bucket=bucket)  # another time
    return done


async def _go_home(connection: Connection, bucket: int, quiet_seconds: float) -> bool:
    if await homes.remove_empty(connection, bucket):
        return True
    new = await homes.lock(connection, bucket, quiet_seconds)
    if new is None:
        return False
    if new == bucket:
        await homes.stay(connection, bucket)
    else:
        await homes.move(connection, bucket, new)
    log.info("bucket.went_home", bucket=bucket, to=new)
    return True
