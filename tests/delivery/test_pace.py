"""Providers take only so much: what waits for its turn is no try, goes out in order, and holds up nobody else."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from delivery.provider import Provider
from delivery.world import World
from tocsin.domain.channel import Accepted, ChannelName, Limits, Message
from tocsin.domain.errors import TooFast
from tocsin.domain.gate import Gate, Rate
from tocsin.services.pacer import Pacer
from tocsin.services.way import Way

SENDERS = ("a", "b")


@dataclass
class Paced(Provider):
    """A provider with two senders; an address begins with the one that it hears from."""

    rates: tuple[Rate, ...] = (Rate(6, 1.0, 4),)
    limits: Limits = field(default_factory=lambda: Limits(batch=50, in_flight=1, merges=True))

    @property
    def is_paced(self) -> bool:
        return bool(self.rates)

    @property
    def gates(self) -> tuple[Gate, ...]:
        return tuple(Gate(sender, self.rates) for sender in SENDERS)

    def gates_of(self, address: str) -> tuple[Gate, ...]:
        return (Gate(address[0], self.rates),)

    def units_of(self, message: Message) -> int:
        return 2 if message.address[1] == "2" else 1


@pytest.fixture
def paced() -> Paced:
    return Paced()


def way_of(world: World, provider: Paced, broker_url: str, worker: str = "one") -> Way:
    way = world.way(provider=provider)
    if provider.is_paced:
        way.pacer = Pacer(broker_url, provider.name, worker, provider.gates)
    return way


async def stop(*ways: Way) -> None:
    for way in ways:
        way.stopping = True
        await asyncio.gather(*way.woken)
        if way.pacer is not None:
            await way.pacer.close()


async def until_told(world: World, *swept: Way) -> None:
    """Wait until everybody heard; workers' own alarms do the work, besides what a sweeper finds on `swept`."""
    async with asyncio.timeout(10):
        while set(await world.states()) != {"accepted"}:
            await asyncio.sleep(0.2)
            await asyncio.gather(*(world.deliver(way) for way in swept))


async def test_what_the_pace_does_not_let_pass_waits_and_is_no_try(world: World, paced: Paced, broker_url: str) -> None:
    paced.rates = (Rate(1, 100.0, 3),)
    for number in range(5):
        await world.person(f"a{number}@x")
    await world.say("It is down.", severity="sev2")
    await world.spread()
    way = way_of(world, paced, broker_url)
    await world.deliver(way)
    # One counts for two, which is known when it is written: it is put off after it was on record, and is no try.
    assert {message.address for message in paced.sent} == {"a0@x", "a1@x"}
    rows = await world.rows(
        """SELECT e.address, d.state::text, d.reason, d.tries, round(d.due_at - tocsin_epoch()) FROM delivery d
        JOIN endpoint e ON e.id = d.endpoint_id WHERE d.state = 'held' ORDER BY 5, 1"""
    )
    assert [row[:4] for row in rows] == [(f"a{n}@x", "held", "provider_paced", 0) for n in (2, 3, 4)]
    assert [abs(row[4] - due) <= 1 for row, due in zip(rows, (100, 100, 200), strict=True)] == [True] * 3
    outcomes = await world.rows("SELECT unnest(outcomes) FROM attempt ORDER BY 1")
    assert outcomes == [("accepted",), ("accepted",), ("put_off",)]
    await stop(way)


async def test_three_workers_keep_one_pace_and_everybody_hears_once(
    world: World, paced: Paced, broker_url: str
) -> None:
    for number in range(24):
        await world.person(f"{SENDERS[number % 2]}{number}@x")
    await world.say("It is down.", severity="sev2")
    await world.spread()
    loop = asyncio.get_running_loop()
    taken: list[tuple[str, float]] = []

    def take(message: Message) -> Accepted:
        taken.extend([(message.address[0], loop.time())] * paced.units_of(message))
        return Accepted("queued")

    paced.answer = take
    ways = [way_of(world, paced, broker_url, f"worker{n}") for n in range(3)]
    await asyncio.gather(*(world.deliver(way) for way in ways))
    await until_told(world, *ways)
    await stop(*ways)
    assert paced.most_to_one() == 1
    for sender in SENDERS:
        moments = [at for who, at in taken if who == sender]
        assert len(moments) >= 12
        for begin, first in enumerate(moments):
            for count, at in enumerate(moments[begin:], start=1):
                assert count <= (at - first) * 6 + 4 + 2  # a text of two may come on top, and a moment's delay
    assert await world.rows("SELECT max(tries) FROM delivery") == [(1,)]


async def test_a_worker_comes_back_by_itself_when_the_pace_lets_more_pass(
    world: World, paced: Paced, broker_url: str
) -> None:
    paced.rates = (Rate(20, 1.0, 2),)
    for number in range(8):
        await world.person(f"a{number}@x")
    await world.say("It is down.", severity="sev2")
    await world.spread()
    way = way_of(world, paced, broker_url)
    await world.deliver(way)
    assert len(paced.sent) < 8
    await until_told(world)
    await stop(way)


async def test_urgent_and_inner_audiences_go_first(world: World, paced: Paced, broker_url: str) -> None:
    paced.rates = (Rate(1, 100.0, 1),)
    await world.person("a1@x", ["customers"])
    await world.person("a3@x", ["oncall"])
    await world.person("a5@x", ["leadership"])
    await world.say("It is slow.", severity="sev3", audiences=["oncall"])
    await world.say("It is down.", severity="sev1", audiences=["customers", "leadership"])
    await world.spread()
    way = way_of(world, paced, broker_url)
    for _ in range(3):
        await world.deliver(way)
        assert way.pacer is not None
        await way.pacer.close()
        way.pacer = Pacer("", "rested", "one", paced.gates)
        await world.later(1_000)
    assert [message.address for message in paced.sent] == ["a5@x", "a1@x", "a3@x"]
    await stop(way)


async def test_a_429_closes_that_sender_for_every_worker_until_then_and_is_no_try(
    world: World, paced: Paced, broker_url: str
) -> None:
    paced.rates = ()
    paced.answer = lambda message: (
        TooFast("429 slow down", code=429, retry_after=120.0) if message.address[0] == "a" else Accepted("queued")
    )
    for address in ("a1@x", "b1@x"):
        await world.person(address)
    first = await world.say("It is down.", severity="sev2")
    await world.spread()
    one, other = (way_of(world, paced, broker_url) for _ in range(2))
    await world.deliver(one)
    assert await world.ledger("a1@x") == [(1, "held", "provider_paced")]
    assert await world.ledger("b1@x") == [(1, "accepted", None)]
    await world.person("a3@x", ["oncall"])
    await world.say("It is still down.", severity="sev1", about=first, audiences=["oncall", "customers"])
    await world.spread()
    await world.later(115)
    paced.sent.clear()
    await world.deliver(other)
    assert [message.address for message in paced.sent] == ["b1@x"]
    await world.later(6)
    paced.answer = lambda _: Accepted("queued")
    await world.deliver(other)
    assert {message.address for message in paced.sent} == {"a1@x", "a3@x", "b1@x"}
    assert await world.rows("SELECT max(tries) FROM delivery WHERE state = 'accepted'") == [(1,)]
    assert ("too_fast",) in await world.rows("SELECT unnest(outcomes) FROM attempt")


async def test_where_all_pass_one_gate_nothing_is_even_leased_while_it_is_closed(world: World) -> None:
    await world.person("ada@example.com")
    await world.person("bob@example.com", channel=ChannelName.SMS)
    await world.say("It is down.", severity="sev2")
    await world.spread()
    world.email.answer = lambda _: TooFast("421 4.7.0 too much from you", code=421, retry_after=120.0)
    await world.deliver()
    await world.person("cleo@example.com")
    await world.say("Something else.", severity="sev2")
    await world.spread()
    world.email.answer = lambda _: Accepted("queued")
    await world.later(115)
    assert await world.deliver() == 0
    texts = Provider(name=ChannelName.SMS)
    await world.deliver(world.way(provider=texts))
    assert len(texts.sent) >= 1  # another channel goes on
    await world.later(6)
    assert await world.deliver() >= 2
    assert await world.rows("SELECT DISTINCT state::text FROM delivery WHERE provider IS NOT NULL") == [("accepted",)]
