"""Which bucket a slow address goes home to, and whom it does not disturb on the way there."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text

from delivery.test_homes import HOUR, buckets, one_apart
from delivery.world import World
from tocsin.domain.channel import ChannelName
from tocsin.services.bring_home import bring_home
from tocsin.store import homes
from tocsin.store.engine import begin
from tocsin.store.placing import BUCKET_SIZE, PLACING_LOCK, place

pytestmark = pytest.mark.usefixtures("impatient")


async def test_they_go_where_they_were_and_nobody_goes_from_where_they_belong(world: World) -> None:
    async with begin(world.engine) as placing:
        older, *_ = await place(placing, ChannelName.EMAIL, world.audiences.widest.rank, BUCKET_SIZE)
    await one_apart(world)
    await world.run("UPDATE bucket SET size = 0 WHERE id = :id", id=older)
    await world.later(1.1 * HOUR)
    _, home, apart = [bucket for bucket, _, _ in await buckets(world)]
    async with world.pool.acquire() as connection, connection.transaction():
        assert await homes.lock(connection, apart, HOUR) == home
        assert await homes.lock(connection, home, HOUR) is None


async def test_who_was_written_to_between_two_looks_stays_since_an_answer_may_still_come(world: World) -> None:
    await one_apart(world)
    await world.later(1.1 * HOUR)
    async with world.pool.acquire() as connection:
        [bucket] = await homes.quiet(connection, HOUR)
        await world.tell("And more.", severity="sev1")
        async with connection.transaction():
            assert await homes.lock(connection, bucket, HOUR) is None
    await world.later(1.1 * HOUR)
    async with world.pool.acquire() as connection, connection.transaction():
        assert await homes.lock(connection, bucket, HOUR) is not None


@pytest.mark.parametrize(
    "taken",
    [
        "SELECT 1 FROM subscriber WHERE name <> 'Status page' FOR UPDATE",
        f"SELECT pg_advisory_xact_lock({PLACING_LOCK})",
    ],
    ids=["people", "places"],
)
async def test_whoever_is_being_changed_or_given_a_place_is_not_waited_for(world: World, taken: str) -> None:
    await one_apart(world)
    await world.later(1.1 * HOUR)
    async with world.pool.acquire() as connection:
        async with begin(world.engine) as other:
            await other.execute(text(taken))
            assert await asyncio.wait_for(bring_home(connection), 20) == 0
        assert await bring_home(connection) == 1
