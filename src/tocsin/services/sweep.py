"""Finds the work that no hint came for, ever again, in every worker: what is due goes out even with the broker gone."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

import structlog

from tocsin.domain.channel import ChannelName
from tocsin.domain.trouble import DISABLE_AFTER_HOURS
from tocsin.services.audit import audit_in_turn
from tocsin.services.bring_home import bring_home
from tocsin.services.canary import Canaries, promise_canaries
from tocsin.services.deliver import deliver
from tocsin.services.desk import Desk
from tocsin.services.disable import disable
from tocsin.services.keep_journal import tell_of_journal
from tocsin.services.pulse import Pulse
from tocsin.services.send_notices import send_notices
from tocsin.services.stand_in import stand_in
from tocsin.services.way import Way
from tocsin.store import claim, housekeeping, outbox, quarantine
from tocsin.store.engine import DATABASE_TROUBLE, Pool, in_short, may_pass

log = structlog.get_logger()

_HOUSEKEEPING_SECONDS = 60.0
JOURNAL_SECONDS = 30.0


async def sweep_deliveries(
    pool: Pool,
    ways: Mapping[ChannelName, Way],
    refresh_page: Callable[[], Awaitable[object]] | None,
    seconds: float,
    pulse: Pulse | None = None,
) -> None:
    """Deliver whatever becomes due on `ways`, and keep the page fresh where this process shows it, until cancelled."""
    running: set[asyncio.Task[int]] = set()

    async def look() -> float | None:
        await stand_in(pool)
        for way in ways.values():
            if way.providers is not None:
                await way.providers.keep()
        async with pool.acquire() as connection:
            due, later = await claim.due(connection)
        for name in due:
            if name in ways and not ways[name].running:
                task = asyncio.create_task(_deliver(ways[name]))
                running.add(task)
                task.add_done_callback(running.discard)
        if refresh_page is not None:
            await refresh_page()
        return later

    await _repeat(look, seconds, pulse)


async def sweep_outbox(
    pool: Pool, fan_out: Callable[[], Awaitable[object]], seconds: float, pulse: Pulse | None = None
) -> None:
    """Keep promises that no hint came for, until cancelled."""

    async def look() -> float | None:
        async with pool.acquire() as connection:
            later = await outbox.next_due(connection)
        if later is not None and later <= 0:
            await fan_out()
            later = None
        return later

    await _repeat(look, seconds, pulse)


async def sweep_house(
    pool: Pool, disable_after_hours: float = DISABLE_AFTER_HOURS, canaries: Canaries | None = None
) -> None:
    """Keep the house in order, beside the promises: no update waits for that."""

    async def look() -> float | None:
        await keep_house(pool, disable_after_hours, canaries)
        return None

    await _repeat(look, _HOUSEKEEPING_SECONDS)


async def sweep_journal(way: Way) -> None:
    """Say now and then how this process's journal is, which all its ways share, until cancelled."""
    if (journal := way.journal) is None:
        return

    async def look() -> float | None:
        await tell_of_journal(journal, way.pool, way.worker)
        return None

    await _repeat(look, JOURNAL_SECONDS)


async def sweep_notices(desk: Desk, seconds: float) -> None:
    """Send notices that no hint came for, also while a large update is going out, until cancelled."""

    async def look() -> float | None:
        await send_notices(desk)
        return None

    await _repeat(look, seconds)


async def keep_house(
    pool: Pool, disable_after_hours: float = DISABLE_AFTER_HOURS, canaries: Canaries | None = None
) -> None:
    """Forget what has outlived its use, disable what takes nothing, mend rows that no bucket would look at."""
    async with pool.acquire() as connection:
        if not await housekeeping.alone(connection):
            return
        try:
            await housekeeping.forget(connection)
            await disable(connection, disable_after_hours * 3600)
            await quarantine.promise_notices(connection)
            if canaries is not None:
                await promise_canaries(connection, canaries)
            await audit_in_turn(connection)  # before anything is mended, so that it is seen
            mended = await housekeeping.wake_forgotten(connection)
            await bring_home(connection)
        finally:
            await housekeeping.done(connection)
    if mended:
        log.error("audit.forgotten_rows", buckets=mended)


async def _deliver(way: Way) -> int:
    try:
        return await deliver(way)
    except DATABASE_TROUBLE as error:
        level = logging.WARNING if may_pass(error) else logging.ERROR
        log.log(level, "deliver.database_trouble", channel=way.channel.name, error=in_short(error))
        return 0


async def _repeat(look: Callable[[], Awaitable[float | None]], seconds: float, pulse: Pulse | None = None) -> None:
    while True:
        wait = seconds
        try:
            later = await look()
            wait = seconds if later is None else min(seconds, max(0.05, later))
        except DATABASE_TROUBLE as error:
            level = logging.WARNING if may_pass(error) else logging.ERROR
            log.log(level, "sweep.database_trouble", error=in_short(error))
        except Exception:  # a sweeper that died would leave only hints
            log.exception("sweep.failed")
        if pulse is not None:  # whatever came of it, it came to its end
            pulse.beat()
        await asyncio.sleep(wait)
