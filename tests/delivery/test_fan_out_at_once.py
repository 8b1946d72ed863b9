"""The first word about one incident does not wait for the crowd of another."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text

from delivery.world import World
from tocsin.services.fan_out import fan_out
from tocsin.store.engine import begin


async def test_a_second_incident_is_fanned_out_while_the_first_is_stuck(world: World) -> None:
    await world.person("core@example.com", ["oncall"])
    await world.crowd(40)
    async with begin(world.engine) as blocker:
        await blocker.execute(text("SELECT id FROM bucket WHERE rank = (SELECT max(rank) FROM bucket) FOR UPDATE"))
        await world.say("Payments fail.", severity="sev1", audiences=["customers"])
        spreading = asyncio.create_task(world.spread())
        second = await world.say("psp-gw-3 times out.", severity="sev1", audiences=["oncall"])
        async with asyncio.timeout(20):
            while not await world.ledger("core@example.com"):  # noqa: ASYNC110  the ledger is all there is to look at
                await asyncio.sleep(0.02)
        assert not spreading.done()
    assert await spreading == 2
    assert await world.ledger("core@example.com") == [(second.version, "pending", None)]
    assert await world.states() == {"pending": 41}


async def test_whoever_is_told_to_stop_leaves_no_promise_half_kept(world: World) -> None:
    await world.crowd(40)
    async with begin(world.engine) as blocker:
        await blocker.execute(text("SELECT id FROM bucket FOR UPDATE"))
        await world.say("Payments fail.", audiences=["customers"])
        spreading = asyncio.create_task(fan_out(world.pool, world.hints, world.policy, world.audiences, 0.1))
        while not await world.rows("SELECT 1 FROM outbox WHERE tries > 0"):  # noqa: ASYNC110  as above
            await asyncio.sleep(0.02)
        spreading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await spreading
    await asyncio.sleep(0.15)  # the lease of whoever was stopped
    assert await world.spread() == 1
    assert await world.states() == {"pending": 40}
