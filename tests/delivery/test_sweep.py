"""What no hint came for is found, with the broker gone for good; what must never be is mended and said aloud."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable

from delivery.world import World
from tocsin.domain.channel import ChannelName
from tocsin.services.sweep import keep_house, sweep_deliveries, sweep_outbox
from tocsin.store.engine import DATABASE_TROUBLE


@contextlib.asynccontextmanager
async def sweeping(world: World) -> AsyncGenerator[None]:
    """Run both sweepers, and nothing else."""
    ways = {ChannelName.EMAIL: world.way()}
    tasks = [
        asyncio.create_task(sweep_outbox(world.pool, world.spread, 0.05)),
        asyncio.create_task(sweep_deliveries(world.pool, ways, None, 0.05)),
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for way in ways.values():
            await way.idle.wait()


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await is_so():  # noqa: ASYNC110 - what is waited for is in the database
            await asyncio.sleep(0.02)


async def test_an_update_goes_all_the_way_without_a_single_hint(world: World) -> None:
    await world.crowd(700)
    async with sweeping(world):
        await world.say("It is down.", severity="sev1")

        async def all_told() -> bool:
            return await world.states() == {"accepted": 700}

        await until(all_told)
    assert world.email.most_to_one() == 1


async def test_what_is_held_goes_out_when_its_time_comes(world: World) -> None:
    await world.person("someone@example.com")
    opened = await world.tell("It is down.", severity="sev2")
    await world.tell("We found the cause.", about=opened, status="identified")
    async with sweeping(world):
        await world.later(world.policy.waits.routine)

        async def told() -> bool:
            return len(world.email.sent) == 2

        await until(told)


async def test_a_database_that_goes_away_for_a_moment_stops_no_sweeper(world: World) -> None:
    await world.crowd(50)
    async with sweeping(world):
        await world.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'test'")

        async def said() -> bool:
            with contextlib.suppress(*DATABASE_TROUBLE):  # our own connection may be one of those that are gone
                await world.say("It is down.", severity="sev1")
                return True
            return False

        async def all_told() -> bool:
            return await world.states() == {"accepted": 50}

        await until(said)

        await until(all_told)


async def test_rows_that_no_bucket_would_look_at_are_woken(world: World) -> None:
    await world.person("someone@example.com")
    await world.say("It is down.")
    await world.spread()
    await world.run("UPDATE bucket SET live = '{}', due_at = NULL, due_n = 0 WHERE channel = 'email'")
    await world.deliver()
    assert world.email.sent == []
    await keep_house(world.pool)
    await world.deliver()
    assert len(world.email.sent) == 1


async def test_keeping_house_forgets_old_answers_and_sessions_alone(world: World) -> None:
    await world.run("INSERT INTO api_key (name, prefix, sha256, scopes) VALUES ('k', 'tcs_x', 'x', '{admin}')")
    for key, age in (("old", "3 days"), ("new", "1 hour")):
        await world.run(
            f"INSERT INTO idempotency VALUES (1, '{key}', 'x', 202, '{{}}', tocsin_now() - interval '{age}')"
        )
    await keep_house(world.pool)
    assert await world.rows("SELECT key FROM idempotency") == [("new",)]
