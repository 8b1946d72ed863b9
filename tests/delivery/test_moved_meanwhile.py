"""A slow address is given another bucket while somebody acts on it: what is meant for it reaches it there."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable

import pytest

from delivery.world import World
from tocsin.domain.channel import ChannelName
from tocsin.services.change_subscriber import Changes, change_subscriber, delete_subscriber, show_subscriber
from tocsin.services.remove import remove_endpoint
from tocsin.services.snooze import snooze, unsnooze
from tocsin.store import claim, incidents
from tocsin.store.engine import begin
from tocsin.store.split import split

WHO = "someone@example.com"
_UNCOUNTED = """
    SELECT b.id, b.size, count(e.id) FROM bucket b LEFT JOIN endpoint e ON e.bucket_id = b.id
    GROUP BY b.id HAVING b.size <> count(e.id)
"""
_GIVE_BACK = "UPDATE bucket SET attempt_id = NULL, lease_until = 0, due_at = tocsin_epoch() WHERE attempt_id = 7"
_ELSEWHERE = (
    "SELECT d.bucket_id FROM delivery d JOIN endpoint e ON e.id = d.endpoint_id WHERE e.bucket_id <> d.bucket_id"
)


@contextlib.asynccontextmanager
async def moving_apart(world: World, endpoint: int) -> AsyncGenerator[None]:
    """Move an endpoint to a bucket of its own, and give its old one back; others see that when this ends."""
    async with world.pool.acquire() as connection, connection.transaction():
        lease = await claim.lease(connection, ChannelName.EMAIL, 500)
        assert lease is not None
        await connection.execute(
            "UPDATE bucket SET attempt_id = 7, lease_until = $2::float8, due_at = $2::float8 WHERE id = ANY($1::int[])",
            lease.ids,
            lease.now + 15,
        )
        assert len(await split(connection, lease, 7, [endpoint])) == 1
        await connection.execute(f"{_GIVE_BACK} AND id = ANY($1::int[])", lease.ids)
        yield


async def meanwhile(world: World, endpoint: int, act: Awaitable[object]) -> None:
    """Have `act` wait for a transaction that moves `endpoint`."""
    async with moving_apart(world, endpoint):
        acting = asyncio.ensure_future(act)
        await asyncio.wait_for(world.someone_waits(), 20)
    await world.run(_GIVE_BACK)
    await acting


async def someone_is_owed(world: World) -> tuple[int, str]:
    """Have one of two people be told something; return their endpoint's number and their name."""
    number = await world.person(WHO)
    await world.person("other@example.com")
    await world.say("It is down.", severity="sev1")
    await world.spread()
    [(name,)] = await world.rows("SELECT public_id FROM endpoint WHERE id = :id", id=number)
    return number, name


@pytest.mark.parametrize("whole", [True, False])
async def test_who_is_removed_is_owed_nothing_any_more_and_counted_nowhere(world: World, *, whole: bool) -> None:
    number, name = await someone_is_owed(world)

    async def remove() -> None:
        async with begin(world.engine) as connection:
            if whole:
                await delete_subscriber(connection, name)
            else:
                await remove_endpoint(connection, name, name)

    await meanwhile(world, number, remove())
    owed = "SELECT d.state::text, d.reason FROM delivery d WHERE endpoint_id = :id"
    assert await world.rows(owed, id=number) == [("cancelled", "opted_out")]
    assert await world.rows(_UNCOUNTED) == []


async def test_whose_audience_changes_takes_along_what_they_are_owed(world: World) -> None:
    number, name = await someone_is_owed(world)
    changes = Changes(audiences=world.audiences.mask(["oncall", "customers"]))
    await meanwhile(world, number, change_subscriber(world.engine, "s", name, changes, world.audiences))
    assert await world.rows(_UNCOUNTED) == []
    assert await world.rows(_ELSEWHERE) == []
    await world.deliver()
    assert world.email.texts_to(WHO) == [["It is down."]]


async def test_who_ends_a_snooze_hears_what_it_kept_back(world: World) -> None:
    number = await world.person(WHO)
    opened = await world.tell("It is down.")
    [(name,)] = await world.rows("SELECT public_id FROM endpoint WHERE id = :id", id=number)
    async with begin(world.engine) as connection:
        found = await incidents.find(connection, opened.ref)
        assert found is not None
        await snooze(connection, (await show_subscriber(connection, name)).endpoints, found)
    await world.later(1200)
    await world.tell("Still down.", about=opened)
    assert (await world.ledger(WHO))[-1] == (2, "skipped", "snoozed")
    await world.person("other@example.com")
    await world.say("Something else.", severity="sev1")
    await world.spread()

    async def wake() -> None:
        async with begin(world.engine) as connection:
            now = await incidents.find(connection, opened.ref)
            assert now is not None
            await unsnooze(connection, (await show_subscriber(connection, name)).endpoints, now)

    await meanwhile(world, number, wake())
    assert (await world.ledger(WHO))[1] == (2, "pending", None)
    await world.deliver()
    assert world.email.texts_to(WHO) == [["It is down."], ["Something else.", "Still down."]]
