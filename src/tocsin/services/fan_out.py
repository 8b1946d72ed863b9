"""Keeps the promise that an update makes: every endpoint in its audience gets a row in the ledger, and work to it.

Chunks of buckets, a transaction each, the status page first and then from the inside out; workers are told after each
chunk, so that delivery begins while the rest is still being written.
"""

from __future__ import annotations

import asyncio
import time

import structlog

from tocsin.domain.audience import Audiences
from tocsin.domain.channel import ChannelName
from tocsin.domain.policy import Policy
from tocsin.services.hint import Hints
from tocsin.services.pulse import Pulse
from tocsin.store import fan_out as ledger
from tocsin.store import outbox
from tocsin.store.engine import Pool
from tocsin.store.outbox import Promise

log = structlog.get_logger()

CHUNK = 10
_ENDPOINTS_A_BUCKET = 500
_AT_ONCE = 3
_LOOK_SECONDS = 0.05


async def fan_out(
    pool: Pool, hints: Hints, policy: Policy, audiences: Audiences, lease_seconds: float, pulse: Pulse | None = None
) -> int:
    """Keep every promise that is due, also those that become due meanwhile; return how many were kept.

    A few are kept at once: the first word about a second incident must not wait until the crowd has its rows about the
    first one.
    """
    kept = 0
    running: set[asyncio.Task[bool]] = set()
    try:
        while True:
            promise = None
            if len(running) < _AT_ONCE:
                async with pool.acquire() as connection:
                    promise = await outbox.take(connection, lease_seconds)
            if promise is not None:
                running.add(asyncio.create_task(_keep(pool, hints, policy, audiences, promise, lease_seconds, pulse)))
                continue
            if not running:
                return kept
            done, running = await asyncio.wait(running, timeout=_LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            kept += sum([task.result() for task in done])
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _keep(
    pool: Pool,
    hints: Hints,
    policy: Policy,
    audiences: Audiences,
    promise: Promise,
    lease_seconds: float,
    pulse: Pulse | None,
) -> bool:
    async with pool.acquire() as connection:
        update = await ledger.read_update(connection, promise.update_id, policy, audiences)
        visited: set[int] = set()
        due, renewed = 0, time.monotonic()
        # Again for the buckets that were made meanwhile: someone may have been moved out of one not visited yet.
        while buckets := [
            bucket for bucket in await ledger.buckets_to_visit(connection, update, audiences) if bucket not in visited
        ]:
            for number, chunk in enumerate(_chunks(buckets)):
                woken = await ledger.write_chunk(connection, update, chunk, audiences)
                for channel in woken:
                    hints.deliver(ChannelName(channel))
                due += sum(woken.values())
                if pulse is not None:
                    pulse.beat()
                if number == 1:
                    await ledger.analyze_if_young(connection, len(buckets) * _ENDPOINTS_A_BUCKET)
                if time.monotonic() - renewed < lease_seconds / 3:
                    continue
                if not await outbox.renew(connection, promise, lease_seconds):
                    log.warning("fan_out.taken_over", update=promise.update_id)
                    return False
                renewed = time.monotonic()
            visited.update(buckets)
        await outbox.keep(connection, promise)
    log.info("fan_out.done", update=promise.update_id, version=update.version, due=due, buckets=len(visited))
    return True


def _chunks(buckets: list[int]) -> list[list[int]]:
    """The first chunk is one bucket, the status page's own: the page must not wait for anyone."""
    return [buckets[:1], *(buckets[at : at + CHUNK] for at in range(1, len(buckets), CHUNK))] if buckets else []
