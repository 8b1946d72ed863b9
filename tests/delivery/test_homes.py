"""Slow addresses go back to their bucket when nothing is in doubt, and nothing is lost or doubled on the way."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from delivery.provider import Provider
from delivery.sluggish import slow_batch
from delivery.world import World
from tocsin.domain.channel import ChannelName, Receipt, ReceiptKind, Result
from tocsin.domain.delivery import State
from tocsin.domain.errors import GiveUp
from tocsin.services.bring_home import bring_home
from tocsin.services.receive import receive
from tocsin.services.second_try import retry_incident, retry_one
from tocsin.services.sweep import keep_house
from tocsin.store import homes
from tocsin.store.engine import begin
from tocsin.store.placing import BUCKET_SIZE, place

HOUR = 3600.0
pytestmark = pytest.mark.usefixtures("impatient")


async def buckets(world: World) -> list[tuple[Any, ...]]:
    return await world.rows("SELECT id, size, home FROM bucket WHERE channel = 'email' ORDER BY id")


async def told(world: World) -> list[tuple[Any, ...]]:
    return await world.rows(
        """SELECT d.update_id, d.endpoint_id, d.state::text, d.message, d.provider_id, p.told, p.n1, p.u1
        FROM delivery d JOIN endpoint e ON e.id = d.endpoint_id JOIN pace p ON p.endpoint_id = e.id
        WHERE e.channel = 'email' ORDER BY 1, 2"""
    )


async def one_apart(world: World, last: Result | None = None) -> Provider:
    """Tell a dozen of an incident, one of whom is so slow that they have a bucket of their own."""
    await world.crowd(12)
    await world.say("It is down.", severity="sev1")
    return await slow_batch(world, {"crowd3@example.com"}, last)


async def is_sound(world: World) -> None:
    """Every endpoint is counted where it is, its rows are there, and every row has its bucket."""
    counted = (
        "SELECT b.id, b.size, count(e.id)::int FROM bucket b LEFT JOIN endpoint e ON e.bucket_id = b.id GROUP BY b.id"
    )
    assert [row for row in await world.rows(counted) if row[1] != row[2]] == []
    elsewhere = (
        "SELECT count(*) FROM delivery d JOIN endpoint e ON e.id = d.endpoint_id WHERE e.bucket_id <> d.bucket_id"
    )
    assert await world.rows(elsewhere) == [(0,)]
    nowhere = "SELECT count(*) FROM delivery d WHERE NOT EXISTS (SELECT FROM bucket b WHERE b.id = d.bucket_id)"
    assert await world.rows(nowhere) == [(0,)]


async def test_after_a_slow_day_there_are_as_many_buckets_as_before(world: World) -> None:
    await world.crowd(12)
    before = await buckets(world)
    for number in range(6):
        await world.say(f"It is down, part {number}.", severity="sev1")
        await slow_batch(world, {f"crowd{2 * number + 1}@example.com", f"crowd{2 * number + 2}@example.com"})
        await world.later(HOUR / 2)
    assert len(await buckets(world)) > 4
    heard = await told(world)
    assert len(heard) == 6 * 12
    await world.later(1.1 * HOUR)
    await keep_house(world.pool)
    await is_sound(world)
    await keep_house(world.pool)
    assert await buckets(world) == before
    assert await told(world) == heard, "lanes, told and the ledger are as they were"
    await is_sound(world)
    await world.tell("And more.", severity="sev1")
    assert Counter(message.address for message in world.email.sent) == {
        f"crowd{n}@example.com": 1 for n in range(1, 13)
    }


async def test_who_is_owed_something_or_was_written_to_lately_stays_and_newcomers_are_not_put_there(
    world: World,
) -> None:
    await one_apart(world, GiveUp("no"))
    apart = await buckets(world)
    assert [size for _, size, _ in apart] == [11, 1]
    await world.person("new@example.com")
    assert [size for _, size, _ in await buckets(world)] == [12, 1]
    await keep_house(world.pool)
    assert len(await buckets(world)) == 2, "an answer may still come for it"
    await world.later(1.1 * HOUR)
    await world.say("Still down.", severity="sev1")
    await keep_house(world.pool)
    assert len(await buckets(world)) == 2, "its rows are being written"
    await world.spread()
    await keep_house(world.pool)
    assert len(await buckets(world)) == 2, "it is owed something"
    await world.deliver()
    await world.later(1.1 * HOUR)
    await keep_house(world.pool)
    await keep_house(world.pool)
    assert [size for _, size, _ in await buckets(world)] == [13]


async def test_a_bounce_that_comes_later_finds_its_row_at_home(world: World) -> None:
    provider = await one_apart(world)
    await world.later(1.1 * HOUR)
    await keep_house(world.pool)
    await keep_house(world.pool)
    [late] = [message for message in provider.sent if message.address == "crowd3@example.com"]
    bounced = Receipt(late.delivery, ReceiptKind.BOUNCED, "5.1.1", "nobody there")
    await receive(world.engine, "s", "practice", [bounced])
    assert await world.ledger("crowd3@example.com") == [(1, "bounced", "bounced_later")]


@pytest.mark.parametrize(
    ("free", "left", "then"),
    [(1, [BUCKET_SIZE, 1, 2], [BUCKET_SIZE, 1, 3]), (0, [BUCKET_SIZE, 1, 1], [BUCKET_SIZE, 2, 1])],
)
async def test_who_finds_their_place_taken_goes_where_there_is_room_or_stays(
    world: World, free: int, left: list[int], then: list[int]
) -> None:
    await one_apart(world)
    await world.person("oncall@example.com", ["oncall"])  # whose bucket has room, and is not for customers
    async with begin(world.engine) as connection:
        await place(connection, ChannelName.EMAIL, world.audiences.widest.rank, BUCKET_SIZE - 11 + free)
    [apart] = [size for _, size, home in await buckets(world) if home is not None]
    assert apart == 1, "nobody is put with the slow"
    await world.later(1.1 * HOUR)
    await keep_house(world.pool)
    await keep_house(world.pool)
    found = await buckets(world)
    assert [size for _, size, _ in found] == left
    assert all(home is None for _, _, home in found)
    await world.person("new@example.com")
    assert [size for _, size, _ in await buckets(world)] == then


async def test_nobody_is_lost_or_told_twice_while_people_go_home_and_updates_go_out(world: World) -> None:
    await world.crowd(40)
    everybody = {f"crowd{n}@example.com" for n in range(1, 41)}
    providers: list[Provider] = []

    async def go_out() -> None:
        for number in range(8):
            await world.say(f"It is down, part {number}.", severity="sev1")
            slow = {f"crowd{n}@example.com" for n in range(1, 41) if n % 8 == number}
            providers.append(await slow_batch(world, slow))
            await world.later(HOUR)

    async def go_home(stop: asyncio.Event) -> int:
        moved = 0
        while not stop.is_set():
            async with world.pool.acquire() as connection:
                moved += await bring_home(connection, 0)
            await asyncio.sleep(0.01)
        return moved

    stop = asyncio.Event()
    going = [asyncio.create_task(go_home(stop)) for _ in range(2)]
    await go_out()
    stop.set()
    assert sum(await asyncio.gather(*going)) > 4, "some went home meanwhile"
    await world.later(HOUR)
    await world.spread()
    await world.deliver()
    assert await world.states() == {"accepted": 8 * 40}
    for provider in providers:
        assert Counter(message.address for message in provider.sent) == dict.fromkeys(everybody, 1)
    assert await world.rows("SELECT count(*) FROM delivery WHERE unknowns > 0") == [(0,)]
    for _ in range(2):
        async with world.pool.acquire() as connection:
            await bring_home(connection, 0)
    assert [size for _, size, _ in await buckets(world)] == [40]
    await is_sound(world)


@contextlib.asynccontextmanager
async def going_home(world: World, bucket: int) -> AsyncGenerator[None]:
    """Move a bucket's endpoints home; others see that when this ends."""
    async with world.pool.acquire() as connection, connection.transaction():
        home = await homes.lock(connection, bucket, HOUR)
        assert home is not None
        await homes.move(connection, bucket, home)
        yield


@pytest.mark.parametrize("all_of_it", [True, False])
async def test_what_an_operator_tries_again_is_found_where_its_endpoint_has_gone(
    world: World, *, all_of_it: bool
) -> None:
    await world.crowd(12)
    said = await world.say("It is down.", severity="sev1")
    await slow_batch(world, {"crowd3@example.com"}, GiveUp("no"))
    await world.later(1.1 * HOUR)
    [(bucket,)] = await world.rows("SELECT id FROM bucket WHERE home IS NOT NULL")
    [(name,)] = await world.rows(
        """SELECT u.public_id || '.' || e.public_id FROM delivery d JOIN endpoint e ON e.id = endpoint_id
        JOIN incident_update u ON u.id = update_id WHERE d.state = 'failed'"""
    )

    async def retry() -> tuple[int, int]:
        if all_of_it:
            _, retried = await retry_incident(world.engine, said.incident_id, State.FAILED)
        else:
            retried = await retry_one(world.engine, name)
        return retried.n, retried.left

    async with going_home(world, bucket):
        retrying = asyncio.create_task(retry())
        await asyncio.wait_for(world.someone_waits(), 20)
    assert await retrying == (1, 0)
    await world.deliver()
    assert await world.states() == {"accepted": 12}
    await is_sound(world)
