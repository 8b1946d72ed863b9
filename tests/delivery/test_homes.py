"""Slow addresses go back to their bucket when nothing is in doubt, and nothing is lost or doubled on the way."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from delivery.provider import Provider
from delivery.world import World
from tocsin.domain.channel import Accepted, Answered, ChannelName, Message, Receipt, ReceiptKind, Result
from tocsin.domain.errors import GiveUp
from tocsin.services.bring_home import bring_home
from tocsin.services.receive import receive
from tocsin.services.sweep import keep_house
from tocsin.store.engine import begin
from tocsin.store.placing import BUCKET_SIZE, place

HOUR = 3600.0


class Sluggish(Provider):
    """Answers at once for all but `slow`, and for those when `heard` is set."""

    def __init__(self, slow: set[str], last: Result | None = None) -> None:
        super().__init__()
        self.slow = slow
        self.last = last or Accepted("late", 250)
        self.heard = asyncio.Event()

    async def send(self, messages: Sequence[Message], answered: Answered) -> None:
        self.sent += messages
        for at, message in enumerate(messages):
            if message.address not in self.slow:
                answered(at, Accepted("queued", 250))
        if any(message.address in self.slow for message in messages):
            await self.heard.wait()
        for at, message in enumerate(messages):
            if message.address in self.slow:
                answered(at, self.last)


async def slow_batch(world: World, slow: set[str], last: Result | None = None) -> Sluggish:
    provider = Sluggish(slow, last)
    way = world.way(provider=provider)
    await world.spread()
    await world.deliver(way)
    provider.heard.set()
    await asyncio.gather(*way.tails)
    return provider


async def buckets(world: World) -> list[tuple[Any, ...]]:
    return await world.rows("SELECT id, size, home FROM bucket WHERE channel = 'email' ORDER BY id")


async def told(world: World) -> list[tuple[Any, ...]]:
    return await world.rows(
        """SELECT d.update_id, d.endpoint_id, d.state::text, d.message, d.provider_id, p.told, p.n1, p.u1
        FROM delivery d JOIN endpoint e ON e.id = d.endpoint_id JOIN pace p ON p.endpoint_id = e.id
        WHERE e.channel = 'email' ORDER BY 1, 2"""
    )


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
    await world.crowd(12)
    await world.say("It is down.", severity="sev1")
    await slow_batch(world, {"crowd3@example.com"}, GiveUp("no"))
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
    await world.crowd(12)
    await world.say("It is down.", severity="sev1")
    provider = await slow_batch(world, {"crowd3@example.com"})
    await world.later(1.1 * HOUR)
    await keep_house(world.pool)
    await keep_house(world.pool)
    [late] = [message for message in provider.sent if message.address == "crowd3@example.com"]
    bounced = Receipt(late.delivery, ReceiptKind.BOUNCED, "5.1.1", "nobody there")
    await receive(world.engine, "s", "practice", [bounced])
    assert await world.ledger("crowd3@example.com") == [(1, "bounced", "bounced_later")]


@pytest.mark.parametrize(("free", "left"), [(1, [BUCKET_SIZE, 2]), (0, [BUCKET_SIZE, 1])])
async def test_who_finds_their_place_taken_goes_where_there_is_room_or_stays(
    world: World, free: int, left: list[int]
) -> None:
    await world.crowd(12)
    await world.say("It is down.", severity="sev1")
    await slow_batch(world, {"crowd3@example.com"})
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
    assert [size for _, size, _ in await buckets(world)] == [BUCKET_SIZE, left[1] + 1]


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
