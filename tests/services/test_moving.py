"""People come, change and go while updates go out: nobody is lost, nobody hears twice, and nothing waits for ever."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from delivery.world import World, open_world
from tocsin.domain.channel import Accepted, Receipt, ReceiptKind
from tocsin.domain.delivery import State
from tocsin.domain.endpoint import EndpointState
from tocsin.domain.errors import Conflict, GiveUp
from tocsin.domain.subscriber import NewEndpoint, NewSubscriber, Preference
from tocsin.services.change_subscriber import Changes, change_subscriber, delete_subscriber
from tocsin.services.receive import receive
from tocsin.services.second_try import retry_incident
from tocsin.services.subscribe import subscribe
from tocsin.store.engine import begin
from tocsin.store.placing import BUCKET_SIZE, place


@pytest.fixture
async def world(database_url: str, broker_url: str) -> AsyncIterator[World]:
    made = await open_world(database_url, broker_url)
    yield made
    await made.close()


def somebody(world: World, number: int) -> NewSubscriber:
    address = f"user{number}@example.com"
    endpoint = NewEndpoint("email", address, address, EndpointState.ACTIVE, Preference())
    return NewSubscriber("", "en", "UTC", world.audiences.mask(["customers"]), (endpoint,))


async def join(world: World, number: int) -> str:
    async with begin(world.engine) as connection:
        return await subscribe(connection, somebody(world, number), world.audiences)


async def leave(world: World, public_id: str) -> None:
    async with begin(world.engine) as connection:
        await delete_subscriber(connection, public_id)


async def move(world: World, public_id: str, audience: str) -> None:
    mask = world.audiences.mask([audience, "customers"])
    await change_subscriber(world.engine, "secret", public_id, Changes(audiences=mask), world.audiences)


async def test_no_bucket_is_ever_overfull_however_many_come_at_once(world: World) -> None:
    async def take(n: int) -> list[int]:
        async with begin(world.engine) as connection:
            return await place(connection, "email", 4, n)

    taken = await asyncio.gather(*(take(n) for n in (1, 700, 20, 499, 3, 1_001)))
    counts = Counter(bucket for buckets in taken for bucket in buckets)
    sizes = dict(await world.rows("SELECT id, size FROM bucket WHERE channel = 'email'"))
    assert counts == sizes
    assert max(sizes.values()) == BUCKET_SIZE
    assert len(sizes) == -(-sum(counts.values()) // BUCKET_SIZE)


async def test_the_same_address_twice_at_once_belongs_to_one(world: World) -> None:
    outcomes = await asyncio.gather(*(join(world, 1) for _ in range(6)), return_exceptions=True)
    assert sum(isinstance(outcome, str) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 5
    assert await world.rows("SELECT count(*) FROM subscriber WHERE name = ''") == [(1,)]


async def test_nobody_is_moved_while_rows_are_being_written(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.services.change_subscriber._WAIT_SECONDS", 0.01)
    ada = await join(world, 1)
    await world.say("It broke.", audiences=["oncall", "customers"])
    with pytest.raises(Conflict, match="try again"):
        await move(world, ada, "oncall")
    await world.spread()
    await move(world, ada, "oncall")
    await world.deliver()
    assert world.email.texts_to("user1@example.com") == [["It broke."]]
    assert await world.ledger("user1@example.com") == [(1, "accepted", None)]


@pytest.mark.parametrize("kind", [ReceiptKind.BOUNCED, ReceiptKind.DELIVERED])
@pytest.mark.parametrize("together", [1, 2])
async def test_receipts_find_what_somebody_was_sent_before_they_moved(
    world: World, kind: ReceiptKind, together: int
) -> None:
    ada = await join(world, 1)
    await world.tell("It broke.", audiences=["oncall", "customers"])
    await move(world, ada, "oncall")
    told = Receipt(world.email.sent[0].delivery, kind, "5.1.1", "as told")
    await receive(world.engine, "s", "practice", [told] * together)
    [(version, state, _)] = await world.ledger("user1@example.com")
    assert (version, state) == (1, kind.value)


async def test_what_bounces_after_somebody_moved_goes_to_their_fallback(world: World) -> None:
    ada = await join(world, 1)
    subscriber = await world.rows(f"SELECT id FROM subscriber WHERE public_id = '{ada}'")
    other = await world.person("other@example.com", subscriber=subscriber[0][0], phases=0)
    await world.run("UPDATE endpoint SET fallback_id = :other WHERE address = 'user1@example.com'", other=other)
    await world.tell("It broke.", audiences=["oncall", "customers"])
    await move(world, ada, "oncall")
    told = Receipt(world.email.sent[0].delivery, ReceiptKind.BOUNCED, "5.1.1", "as told")
    await receive(world.engine, "s", "practice", [told])
    await world.stand_in()
    await world.deliver()
    assert world.email.texts_to("other@example.com") == [["It broke."]]


async def test_what_failed_before_somebody_moved_is_tried_again_where_they_are_now(world: World) -> None:
    ada = await join(world, 1)
    world.email.answer = lambda _: GiveUp("no")
    said = await world.tell("It broke.", audiences=["oncall", "customers"])
    world.email.answer = lambda _: Accepted()
    await move(world, ada, "oncall")
    _, retried = await retry_incident(world.engine, said.ref, State.FAILED)
    assert retried.n == 1
    elsewhere = """SELECT count(*) FROM delivery d JOIN endpoint e ON e.id = d.endpoint_id
        WHERE e.bucket_id <> d.bucket_id"""
    assert await world.rows(elsewhere) == [(0,)]
    await world.deliver()
    assert world.email.texts_to("user1@example.com") == [["It broke."]] * 2


async def test_people_move_and_leave_while_updates_go_out(world: World) -> None:
    people = [await join(world, number) for number in range(40)]
    said = await world.say("It broke.", severity="sev2", audiences=["oncall", "customers"])

    async def tell() -> None:
        for body in ("It is worse.", "Nearly there.", "One more."):
            await world.spread()
            await world.deliver()
            await world.say(body, about=said)

    async def shift(number: int, public_id: str) -> None:
        if number % 4 == 0:
            await leave(world, public_id)
            return
        with contextlib.suppress(Conflict):  # a worker kept writing to them: nothing was changed
            await move(world, public_id, "oncall" if number % 2 else "support")

    await asyncio.gather(tell(), *(shift(number, public_id) for number, public_id in enumerate(people)))
    for _ in range(3):
        await world.spread()
        await world.deliver()
        await world.later(4_000)

    assert await world.rows("SELECT id, size FROM bucket WHERE channel = 'email' ORDER BY id") == await world.rows(
        """SELECT b.id, count(e.id)::int FROM bucket b LEFT JOIN endpoint e ON e.bucket_id = b.id
        WHERE b.channel = 'email' GROUP BY b.id ORDER BY b.id"""
    )
    assert (
        await world.rows(
            """SELECT d.state::text, d.reason FROM delivery d JOIN bucket b ON b.id = d.bucket_id
        WHERE d.due_at IS NOT NULL AND b.channel = 'email'"""
        )
        == []
    )
    told_twice = await world.rows(
        """SELECT endpoint_id, update_id FROM delivery WHERE state IN ('accepted', 'pending')
        GROUP BY 1, 2 HAVING count(*) > 1"""
    )
    assert told_twice == []
    staying = {f"user{number}@example.com" for number in range(40) if number % 4}
    assert {message.address for message in world.email.sent} >= staying
    for address in staying:
        [*_, newest] = await world.ledger(address)
        assert newest[:2] == (4, "accepted"), (address, newest)
