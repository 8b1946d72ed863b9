"""Keeps the promise that an update makes: every endpoint in its audience gets a row in the ledger, and work to it.

Chunks of buckets, a transaction each, the status page first and then from the inside out; workers are told after each
chunk, so that delivery begins while the rest is still being written.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from itertools import groupby

import asyncpg
import structlog
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random

from tocsin.domain.audience import Audiences
from tocsin.domain.channel import ChannelName
from tocsin.domain.policy import Policy
from tocsin.services.hint import Hints
from tocsin.services.pulse import Pulse
from tocsin.store import fan_out as ledger
from tocsin.store import outbox
from tocsin.store.engine import DATABASE_TROUBLE, Pool
from tocsin.store.fan_out import FanOut, Visit
from tocsin.store.outbox import Promise

log = structlog.get_logger()

CHUNK = 20
_ENDPOINTS_A_BUCKET = 500
# So many promises are kept at once, and of those so many write to a crowd: to one or more full chunks.
_AT_ONCE = 16
_CROWDS_AT_ONCE = 2
_LOOK_SECONDS = 0.05
_MOST_DEADLOCKS = 5


async def fan_out(
    pool: Pool,
    hints: Hints,
    policy: Policy,
    audiences: Audiences,
    lease_seconds: float,
    pulse: Pulse | None = None,
    called: asyncio.Event | None = None,
) -> int:
    """Keep every promise that is due, also those that become due meanwhile; return how many were kept.

    Several are kept at once: the first word about a second incident must not wait until the crowd has its rows about
    the first one. Whoever sets `called` says that there may be one more.
    """
    called = called or asyncio.Event()
    desk = _Desk(pool, hints, policy, audiences, lease_seconds, pulse or Pulse())
    kept = 0
    running: set[asyncio.Task[bool]] = set()
    try:
        while True:
            called.clear()
            promise = None
            if len(running) < _AT_ONCE:
                async with pool.acquire() as connection:
                    promise = await outbox.take(connection, lease_seconds)
            if promise is not None:
                running.add(asyncio.create_task(desk.keep(promise)))
                continue
            if not running:
                return kept
            done = await _first_of(running, called)
            running -= done
            kept += sum([task.result() for task in done])
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _first_of(running: set[asyncio.Task[bool]], called: asyncio.Event) -> set[asyncio.Task[bool]]:
    """Return those that are done as soon as one is, or as there may be more to do."""
    calling = asyncio.create_task(called.wait())
    await asyncio.wait([*running, calling], timeout=_LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    calling.cancel()
    return {task for task in running if task.done()}


class _Desk:
    """What it takes to keep promises, and the turns of those that write to crowds."""

    def __init__(
        self, pool: Pool, hints: Hints, policy: Policy, audiences: Audiences, lease_seconds: float, pulse: Pulse
    ) -> None:
        self._pool = pool
        self._hints = hints
        self._policy = policy
        self._audiences = audiences
        self._lease_seconds = lease_seconds
        self._pulse = pulse
        self._crowds = asyncio.Semaphore(_CROWDS_AT_ONCE)

    async def keep(self, promise: Promise) -> bool:
        """Write all rows of one update; return False where another worker took the promise over meanwhile."""
        async with self._renewing(promise) as lost, contextlib.AsyncExitStack() as turn:
            async with self._pool.acquire() as connection:
                update = await ledger.read_update(connection, promise.update_id, self._policy, self._audiences)
            visited: set[int] = set()
            due, in_turn = 0, False
            # Again for the buckets that were made meanwhile: someone may have been moved out of one not visited yet.
            while visits := await self._still_to_visit(update, visited):
                chunks = _chunks(visits)
                crowd = next((number for number, chunk in enumerate(chunks) if len(chunk) == CHUNK), None)
                for number, chunk in enumerate(chunks):
                    if number == crowd and not in_turn:
                        await turn.enter_async_context(self._crowds)
                        in_turn = True
                    due += await self._write(update, chunk)
                    if number == (len(chunks) - 1 if crowd is None else crowd):
                        await self._analyze(len(visits) * _ENDPOINTS_A_BUCKET)
                    if lost.is_set():
                        log.warning("fan_out.taken_over", update=promise.update_id)
                        return False
                visited.update(visit.bucket for visit in visits)
            async with self._pool.acquire() as connection:
                await outbox.keep(connection, promise)
        log.info("fan_out.done", update=promise.update_id, version=update.version, due=due, buckets=len(visited))
        return True

    async def _still_to_visit(self, update: FanOut, visited: set[int]) -> list[Visit]:
        async with self._pool.acquire() as connection:
            visits = await ledger.buckets_to_visit(connection, update, self._audiences)
        return [visit for visit in visits if visit.bucket not in visited]

    async def _write(self, update: FanOut, chunk: Sequence[int]) -> int:
        """Write the rows of one chunk and tell workers; return how many are due.

        Whoever locks buckets in another order than ours may end it; nothing of it is there then.
        """
        woken: Mapping[str, int] = {}
        async for trying in AsyncRetrying(
            retry=retry_if_exception_type(asyncpg.DeadlockDetectedError),
            wait=wait_random(max=0.1),
            stop=stop_after_attempt(_MOST_DEADLOCKS),
            reraise=True,
        ):
            with trying:
                async with self._pool.acquire() as connection:
                    woken = await ledger.write_chunk(connection, update, chunk, self._audiences)
        for channel in woken:
            self._hints.deliver(ChannelName(channel))
        self._pulse.beat()
        return sum(woken.values())

    async def _analyze(self, expected: int) -> None:
        async with self._pool.acquire() as connection:
            await ledger.analyze_if_young(connection, expected)

    @contextlib.asynccontextmanager
    async def _renewing(self, promise: Promise) -> AsyncGenerator[asyncio.Event]:
        """Keep the promise leased; the event says that it was lost all the same."""
        lost = asyncio.Event()
        renewing = asyncio.create_task(self._renew(promise, lost))
        try:
            yield lost
        finally:
            renewing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await renewing

    async def _renew(self, promise: Promise, lost: asyncio.Event) -> None:
        while not lost.is_set():
            await asyncio.sleep(self._lease_seconds / 3)
            try:
                async with self._pool.acquire() as connection:
                    if not await outbox.renew(connection, promise, self._lease_seconds):
                        lost.set()
            except DATABASE_TROUBLE as error:
                log.warning("fan_out.not_renewed", update=promise.update_id, error=str(error))


def _chunks(visits: Sequence[Visit]) -> list[list[int]]:
    """Return the buckets circle by circle, so that none waits for the rows of one further out."""
    chunks: list[list[int]] = []
    for _, circle in groupby(visits, key=lambda visit: visit.circle):
        buckets = [visit.bucket for visit in circle]
        chunks += [buckets[at : at + CHUNK] for at in range(0, len(buckets), CHUNK)]
    return chunks
