"""What holds workers, operators and late words apart, each fence by itself."""

from __future__ import annotations

import asyncio

import pytest

from delivery.provider import Provider
from delivery.world import World
from tocsin.domain.channel import Accepted, ChannelName, Message, Result
from tocsin.domain.errors import Conflict, GiveUp
from tocsin.services.deliver import deliver_batch
from tocsin.services.second_try import retry_one
from tocsin.store import channels, claim, providers
from tocsin.store.engine import begin
from tocsin.store.split import split

LANES = "SELECT told, n1, u1 FROM pace JOIN endpoint e ON e.id = endpoint_id WHERE address = 'someone@example.com'"


async def test_who_goes_on_working_keeps_the_lease_for_longer_than_one(world: World) -> None:
    await world.person("someone@example.com")
    await world.say("It is down.")
    await world.spread()
    slow, other = Provider(), Provider()

    async def for_two_leases() -> None:
        for _ in range(12):
            await asyncio.sleep(0.5)
            assert await deliver_batch(world.way(provider=other)) is None

    slow.before_answer = for_two_leases
    await world.deliver(world.way(provider=slow, lease_seconds=3.0))
    assert (len(slow.sent), other.sent) == (1, [])
    assert await world.ledger("someone@example.com") == [(1, "accepted", None)]


async def test_a_late_word_takes_back_nothing_that_somebody_was_told_since(world: World) -> None:
    await world.person("someone@example.com")
    opened = await world.say("It is down.", severity="sev1")
    await world.spread()
    slow, found = Provider(), list[tuple[object, ...]]()

    async def frozen() -> None:
        await world.later(100)
        await world.say("It is fixed.", about=opened, status="resolved")
        await world.spread()
        await world.deliver()  # somebody else took the lease over
        await world.later(100)
        found.extend(await world.rows(LANES))

    slow.before_answer = frozen
    await world.deliver(world.way(provider=slow))
    assert world.email.texts_to("someone@example.com") == [["It is fixed."]]
    assert await world.rows(LANES) == found
    assert await world.ledger("someone@example.com") == [(1, "accepted", None), (2, "accepted", None)]


async def test_nobody_is_moved_by_who_has_lost_the_lease(world: World) -> None:
    someone = await world.person("someone@example.com")
    await world.say("It is down.")
    await world.spread()
    async with world.pool.acquire() as connection, connection.transaction():
        lease = await claim.lease(connection, ChannelName.EMAIL, 500)
        assert lease is not None
        held = "UPDATE bucket SET attempt_id = 7, lease_until = $2::float8, due_at = $2::float8 WHERE id = $1"
        await connection.execute(held, lease.ids[0], lease.now + 15)
        assert await split(connection, lease, 8, [someone]) == {}
        assert set(await split(connection, lease, 7, [someone])) == set(lease.ids)


async def test_one_process_alone_gives_a_provider_a_trial(world: World) -> None:
    name = "first"
    async with world.pool.acquire() as connection:
        await providers.register(connection, ChannelName.EMAIL, [name])
        await connection.execute("UPDATE provider SET breaker = 'half_open', next_try = 0")
        tried = [await providers.claim_trial(connection, ChannelName.EMAIL, name, 60.0) for _ in range(2)]
    await world.later(61)
    async with world.pool.acquire() as connection:
        tried.append(await providers.claim_trial(connection, ChannelName.EMAIL, name, 60.0))
    assert tried == [True, False, True]


async def test_who_pauses_a_channel_waits_for_claims_that_are_under_way(world: World) -> None:
    await world.person("someone@example.com")
    await world.say("It is down.")
    await world.spread()

    async def pause() -> None:
        async with begin(world.engine) as connection:
            await channels.pause(connection, "email", "test")

    async with world.pool.acquire() as connection:
        async with connection.transaction():
            assert await claim.lease(connection, ChannelName.EMAIL, 500) is not None
            pausing = asyncio.create_task(pause())
            await asyncio.wait_for(world.someone_waits(), 20)
            assert not pausing.done()
        await pausing
        async with connection.transaction():
            assert await claim.lease(connection, ChannelName.EMAIL, 500) is None


async def test_nothing_is_tried_again_under_the_hands_of_a_worker(world: World) -> None:
    await world.person("no@example.com")

    def answer(message: Message) -> Result:
        return GiveUp("no") if message.address == "no@example.com" else Accepted()

    world.email.answer = answer
    await world.tell("It is down.")
    [(name,)] = await world.rows(
        """SELECT u.public_id || '.' || e.public_id FROM delivery d JOIN endpoint e ON e.id = endpoint_id
        JOIN incident_update u ON u.id = update_id WHERE d.state = 'failed'"""
    )
    await world.person("yes@example.com")
    await world.say("Another one.")
    await world.spread()
    refused: list[str] = []

    async def meanwhile() -> None:
        with pytest.raises(Conflict) as told:
            await retry_one(world.engine, name)
        refused.append(str(told.value))

    world.email.before_answer = meanwhile
    await world.deliver()
    assert refused
    assert all("Try again in some seconds" in words for words in refused)
    world.email.before_answer = None
    assert (await retry_one(world.engine, name)).n == 1


async def test_what_was_written_before_a_slow_address_was_moved_is_not_forgotten(world: World) -> None:
    for name in ("quick", "slow"):
        await world.person(f"{name}@example.com")
    opened = await world.say("It is down.", severity="sev1")
    await world.spread()

    async def meanwhile() -> None:
        if len(world.email.sent) == 2:
            world.email.before_answer = None
            await world.say("It is fixed.", about=opened, status="resolved")
            await world.spread()
            await asyncio.sleep(2.5)  # longer than a batch waits for one address

    world.email.before_answer = meanwhile
    way = world.way()
    await world.deliver(way)
    await asyncio.gather(*way.tails)
    await world.deliver()
    for name in ("quick", "slow"):
        assert world.email.texts_to(f"{name}@example.com") == [["It is down."], ["It is fixed."]]
