"""One pace for all workers: through the broker, past an emptied one, and without any."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator

import pytest
import redis

from tocsin.broker import redis_url
from tocsin.domain.gate import Arrivals, Asked, Gate, Rate, pass_through
from tocsin.services.pacer import Pacer

FAST = Gate("twilio", (Rate(40, 1.0, 8),))
SLOW = Gate("x:acme", (Rate(1, 50.0, 10), Rate(1, 70.0, 15)))


@pytest.fixture
async def pacers(broker_url: str) -> AsyncIterator[list[Pacer]]:
    made = [Pacer(broker_url, "sms", f"worker{n}", (FAST,)) for n in range(3)]
    yield made
    for pacer in made:
        await pacer.close()


async def _work(pacer: Pacer, until: float, passed: list[float]) -> None:
    while time.monotonic() < until:
        asked = [Asked((FAST,), 1)] * random.randint(1, 6)
        waits = await pacer.ask(asked)
        passed += [time.monotonic() for wait in waits if wait == 0]
        await asyncio.sleep(random.random() / 50)


def _most_above_the_pace(passed: list[float]) -> float:
    """Return by how many units the fullest window exceeds its rate."""
    rate = FAST.rates[0]
    moments = sorted(passed)
    return max(
        len(moments[begin : end + 1]) - (moments[end] - moments[begin]) / rate.interval
        for begin in range(len(moments))
        for end in range(begin, len(moments))
    )


# A moment between the server's clock and ours, in units.
SLACK = 0.05 / FAST.rates[0].interval


async def test_three_workers_together_never_exceed_the_pace_and_use_it_up(pacers: list[Pacer]) -> None:
    passed: list[float] = []
    began = time.monotonic()
    await asyncio.gather(*(_work(pacer, began + 1.2, passed) for pacer in pacers))
    assert _most_above_the_pace(passed) <= FAST.rates[0].burst + SLACK
    assert len(passed) >= 40


async def test_an_emptied_broker_learns_from_those_who_ask(pacers: list[Pacer], broker_url: str) -> None:
    passed: list[float] = []
    began = time.monotonic()

    async def empty() -> None:
        with redis.Redis.from_url(redis_url(broker_url)) as client:
            for _ in range(4):
                await asyncio.sleep(0.25)
                client.flushall()

    await asyncio.gather(empty(), *(_work(pacer, began + 1.2, passed) for pacer in pacers))
    # What others passed since the first to ask afterwards had looked last is all that is forgotten, four times.
    assert _most_above_the_pace(passed) <= FAST.rates[0].burst + SLACK + 4 * 2
    assert len(passed) >= 40


async def test_without_the_broker_each_keeps_to_its_part(pacers: list[Pacer], broker_url: str) -> None:
    await asyncio.gather(*(pacer.ask([Asked((FAST,), 1)]) for pacer in pacers))
    await asyncio.gather(*(pacer.ask([Asked((FAST,), 1)]) for pacer in pacers))  # all have seen all three
    with redis.Redis.from_url(redis_url(broker_url)) as client:
        client.execute_command("CLIENT", "PAUSE", "1700", "ALL")
    passed: list[float] = []
    began = time.monotonic()
    await asyncio.gather(*(_work(pacer, began + 1.5, passed) for pacer in pacers))
    assert _most_above_the_pace(passed) <= FAST.rates[0].burst + len(pacers) + SLACK
    assert len(passed) >= 30  # never a stop


async def test_who_never_reached_a_broker_takes_a_quarter() -> None:
    pacer = Pacer("amqp://nowhere", "social", "worker")
    rate = SLOW.rates[0]
    waits = await pacer.ask([Asked((Gate("x:acme", (rate,)),))] * 4)
    assert waits == [0.0, 0.0, pytest.approx(100.0), pytest.approx(300.0)]


async def test_the_broker_decides_as_the_domain_does(broker_url: str) -> None:
    chance = random.Random(7)
    pacer = Pacer(broker_url, "social", "worker")
    arrivals: Arrivals = {}
    other = Gate("x:other", (Rate(1, 30.0, 4),))
    for _ in range(12):
        ways = [(SLOW,), (other,), (SLOW, other)]
        asked = [Asked(chance.choice(ways), chance.randint(1, 6)) for _ in range(chance.randint(1, 8))]
        expected = pass_through(arrivals, asked, time.monotonic())
        assert await pacer.ask(asked) == pytest.approx(expected, abs=2.0)
    await pacer.close()


async def test_what_has_no_rate_is_never_asked_about(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*_: object) -> None:
        raise AssertionError("asked")

    monkeypatch.setattr(Pacer, "_together", refuse)
    pacer = Pacer("redis://127.0.0.1:1", "email", "worker")
    assert await pacer.ask([Asked((Gate("smtp"),))] * 3) == [0.0, 0.0, 0.0]
    assert await pacer.look() == 0.0
