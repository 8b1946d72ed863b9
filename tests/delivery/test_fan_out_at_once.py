"""The first word about one incident does not wait for the crowd of another."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text

from delivery.world import World
from tocsin.services.fan_out import fan_out
from tocsin.store.engine import begin

_CROWDS_BUCKETS = """SELECT id FROM bucket
    WHERE rank = (SELECT max(rank) FROM bucket) AND channel <> 'status_page' FOR UPDATE"""

_STUCK = """SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()
    AND query LIKE 'SELECT id FROM bucket%'"""


async def _until_owed(world: World, address: str) -> None:
    async with asyncio.timeout(20):
        while not await world.ledger(address):  # noqa: ASYNC110  the ledger is all there is to look at
            await asyncio.sleep(0.02)


async def test_a_second_incident_is_fanned_out_while_the_first_is_stuck(world: World) -> None:
    await world.person("core@example.com", ["oncall"])
    await world.crowd(40)
    async with begin(world.engine) as blocker:
        await blocker.execute(text(_CROWDS_BUCKETS))
        await world.say("Payments fail.", severity="sev1", audiences=["customers"])
        spreading = asyncio.create_task(world.spread())
        second = await world.say("psp-gw-3 times out.", severity="sev1", audiences=["oncall"])
        await _until_owed(world, "core@example.com")
        assert not spreading.done()
    assert await spreading == 2
    assert await world.ledger("core@example.com") == [(second.version, "pending", None)]
    assert await world.states() == {"pending": 41}


async def test_the_inner_circle_has_its_rows_before_the_crowd_of_the_same_update(world: World) -> None:
    await world.person("core@example.com", ["oncall"])
    await world.crowd(40)
    async with begin(world.engine) as blocker:
        await blocker.execute(text(_CROWDS_BUCKETS))
        await world.say("Payments fail.", severity="sev1", audiences=["oncall", "customers"])
        spreading = asyncio.create_task(world.spread())
        await _until_owed(world, "core@example.com")
        assert not spreading.done()
        assert await world.deliver() == 1  # and they can be told
    assert await spreading == 1
    assert await world.states() == {"accepted": 1, "pending": 40}


async def test_a_first_word_waits_for_no_turn_however_many_crowds_do(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tocsin.services.fan_out.CHUNK", 2)
    await world.person("core@example.com", ["oncall"])
    await world.crowd(501)  # two buckets, which make a full chunk
    async with begin(world.engine) as blocker:
        await blocker.execute(text(_CROWDS_BUCKETS))
        crowds = [await world.say("Payments fail.", severity="sev1", audiences=["customers"]) for _ in range(6)]
        spreading = asyncio.create_task(world.spread())
        async with asyncio.timeout(20):
            while await world.rows("SELECT 1 FROM outbox WHERE tries = 0"):  # noqa: ASYNC110  as above
                await asyncio.sleep(0.02)
        await world.say("psp-gw-3 times out.", severity="sev1", audiences=["oncall"])
        await _until_owed(world, "core@example.com")
        # Crowds take turns, or they would take all connections; the page's bucket is fought for until then.
        async with asyncio.timeout(20):
            while len(await world.rows(_STUCK)) != 2:  # noqa: ASYNC110  as above
                await asyncio.sleep(0.02)
    assert await spreading == len(crowds) + 1
    assert await world.states() == {"pending": 6 * 501 + 1}


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
