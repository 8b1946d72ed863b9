"""Workers, fan-outs and operators lock buckets in one order; where somebody does not, the fan-out goes on at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import pytest

from delivery.world import World
from tocsin.store import claim, record
from tocsin.store.claim import Lease, Leased
from tocsin.store.engine import Connection

TOKEN = 77
_ORDERED = "SELECT id FROM bucket WHERE channel = 'email' ORDER BY id"
_LOCK = "SELECT id FROM bucket WHERE id = $1 FOR UPDATE"


async def two_buckets(world: World) -> tuple[int, int]:
    """Have a crowd in two buckets, of which a scan finds the second one first."""
    await world.crowd(501)
    first, second = [bucket for (bucket,) in await world.rows(_ORDERED)]
    await world.run("UPDATE bucket SET size = size WHERE id = :id", id=first)  # written behind the other
    return first, second


async def renew(connection: Connection, buckets: Sequence[int]) -> object:
    del buckets
    return await claim.renew(connection, TOKEN, 15.0)


async def release(connection: Connection, buckets: Sequence[int]) -> object:
    lease = Lease(0.0, [Leased(bucket, 0, []) for bucket in reversed(buckets)], [])
    return await record.release(connection, lease, TOKEN, {})


@pytest.mark.parametrize("act", [renew, release])
async def test_buckets_are_locked_in_the_order_in_which_a_fan_out_does(
    world: World, act: Callable[[Connection, Sequence[int]], Coroutine[Any, Any, object]]
) -> None:
    first, second = await two_buckets(world)
    await world.run(
        """UPDATE bucket SET attempt_id = :token, lease_until = 1e12, due_at = 1e12, live = '{1}'
        WHERE channel = 'email'""",
        token=TOKEN,
    )
    async with world.pool.acquire() as ours, world.pool.acquire() as theirs:
        async with theirs.transaction():
            await theirs.execute(_LOCK, first)
            acting = asyncio.create_task(act(ours, [first, second]))
            await world.someone_waits()
            await theirs.execute(f"{_LOCK} NOWAIT", second)  # refused where it is locked already
        assert await acting in (True, {first, second})


async def test_a_fan_out_that_a_deadlock_ended_goes_on_at_once(world: World) -> None:
    first, second = await two_buckets(world)
    await world.say("It is down.", severity="sev1")
    async with world.pool.acquire() as other, other.transaction():
        await other.execute(_LOCK, second)
        spreading = asyncio.create_task(world.spread())
        await world.someone_waits()
        await other.execute(_LOCK, first)  # whoever waits longest is ended
    assert await spreading == 1
    assert await world.states() == {"pending": 501}
    assert await world.rows("SELECT tries FROM outbox WHERE update_id IS NOT NULL") == [(1,)]
