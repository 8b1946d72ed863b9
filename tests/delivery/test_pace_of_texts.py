"""Workers that text through the look-alike of Twilio: its log shows the pace, and what hangs holds up nobody else."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
import redis

from delivery.world import World
from texts_to_send import SID, TOKEN, sms_channel
from tocsin.broker import redis_url
from tocsin.domain.channel import ChannelName
from tocsin.domain.gate import Rate
from tocsin.practice.http import PracticeHttp
from tocsin.practice.outbox import outbox_path
from tocsin.practice.twilio import PracticeTwilio
from tocsin.services.pacer import Pacer
from tocsin.services.sweep import sweep_deliveries
from tocsin.services.way import Way
from tocsin.store.engine import make_pool

SENDERS = "+14155550100, +14155550101"
RATE = Rate(5, 1.0, 2)
_UNFINISHED = """
    SELECT 1 FROM delivery d JOIN bucket b ON b.id = d.bucket_id
    WHERE b.channel = 'sms' AND d.state IN ('pending', 'held', 'unknown')
"""
BUSY, SILENT = "+15005550010", "+15005550013"


@pytest.fixture
async def twilio(tmp_path: Path) -> AsyncIterator[str]:
    made = PracticeTwilio(outbox_path(tmp_path), SID, TOKEN, "http://127.0.0.1:1/receipts/twilio")
    async with PracticeHttp([made]) as server:
        yield f"http://127.0.0.1:{server.port}"


def log_of(folder: Path) -> list[tuple[str, str, float, int, str]]:
    """Return what the provider saw: sender, recipient, when, segments, and its answer."""
    with closing(sqlite3.connect(outbox_path(folder))) as outbox:
        rows = outbox.execute("SELECT sender, recipient, received_at, segments, answer FROM sms_text ORDER BY id")
        return list(rows)


def worker(world: World, url: str, broker_url: str, number: int, *, rate: Rate | None = RATE) -> Way:
    """Return one of several workers, with everything of its own that a process has."""
    channel = sms_channel(url, senders=SENDERS, rates=lambda _: () if rate is None else (rate,), seconds=2.0)
    way = world.way(provider=channel)
    way.worker = f"worker{number}"
    if rate is not None:
        way.pacer = Pacer(broker_url, channel.name, way.worker, channel.gates)
    return way


async def until_nothing_waits(world: World, seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while await world.rows(_UNFINISHED):  # noqa: ASYNC110 - the database tells nobody
            await asyncio.sleep(0.05)


async def stop(ways: list[Way], sweepers: list[asyncio.Task[None]]) -> None:
    for way in ways:
        way.stopping = True
    for sweeper in sweepers:
        sweeper.cancel()
    await asyncio.gather(*sweepers, return_exceptions=True)
    for way in ways:
        await way.idle.wait()
        await asyncio.gather(*way.tails, *way.woken)
        await way.channel.close()
        if way.pacer is not None:
            await way.pacer.close()


async def owe_texts(world: World, *numbers: str) -> None:
    for number in numbers:
        await world.person(number, channel=ChannelName.SMS)
    await world.say("It is down.", severity="sev2")
    await world.spread()


async def test_what_the_provider_logs_never_exceeds_the_pace_of_each_sender(
    world: World, twilio: str, broker_url: str, tmp_path: Path
) -> None:
    await owe_texts(world, *(f"+1415555{n}" for n in range(2000, 2020)))
    ways = [worker(world, twilio, broker_url, n) for n in range(3)]
    sweepers = [
        asyncio.create_task(sweep_deliveries(world.pool, {ChannelName.SMS: way}, None, seconds=0.3)) for way in ways
    ]
    await asyncio.sleep(0.7)
    with redis.Redis.from_url(redis_url(broker_url)) as client:
        client.flushall()
    await until_nothing_waits(world)
    await stop(ways, sweepers)
    log = log_of(tmp_path)
    assert len({recipient for _, recipient, _, _, _ in log}) == len(log) == 20
    assert await world.rows("SELECT max(tries) FROM delivery") == [(1,)]
    for sender in SENDERS.split(", "):
        taken = [(at, segments) for who, _, at, segments, _ in log if who == sender]
        assert len(taken) > 5
        for begin, (first, _) in enumerate(taken):
            total = 0
            for at, segments in taken[begin:]:
                total += segments
                # A text of two segments may come on top of a burst, and a flush may let one more pass.
                assert total <= (at - first) * RATE.amount + RATE.burst + 2, taken


async def test_one_that_is_busy_is_asked_by_nobody_until_it_said_so_and_then_everybody_hears(
    world: World, twilio: str, broker_url: str, tmp_path: Path
) -> None:
    await owe_texts(world, BUSY, *(f"+1415555{n}" for n in range(2000, 2006)))
    ways = [worker(world, twilio, broker_url, n, rate=None) for n in range(2)]
    sweepers = [
        asyncio.create_task(sweep_deliveries(world.pool, {ChannelName.SMS: way}, None, seconds=0.3)) for way in ways
    ]
    await until_nothing_waits(world)
    await stop(ways, sweepers)
    log = log_of(tmp_path)
    refused = [at for _, _, at, _, answer in log if answer == "20429"]
    assert len(refused) == 2
    for closed in refused:  # Retry-After: 1, and what was under way at once
        assert not [at for _, _, at, _, _ in log if closed + 0.4 < at < closed + 0.95]
    assert [tuple(row) for row in await world.rows("SELECT DISTINCT tries, note FROM delivery WHERE tries > 0")] == [
        (1, None)
    ]


async def test_one_that_never_answers_holds_no_connection_and_no_other_channel(
    world: World, twilio: str, broker_url: str, database_url: str, tmp_path: Path
) -> None:
    await owe_texts(world, SILENT)
    for number in range(5):
        await world.person(f"someone{number}@example.com")
    await world.say("It is slow.", severity="sev2")
    await world.spread()
    texts, mail = worker(world, twilio, broker_url, 1), world.way()
    # One connection is all that both channels have, and the lease is renewed while nobody answers.
    texts.pool = mail.pool = await make_pool(database_url, size=1, application="test of a hanging provider")
    texts.lease_seconds = 0.6
    hanging = asyncio.create_task(world.deliver(texts))
    async with asyncio.timeout(10):
        while not log_of(tmp_path):  # noqa: ASYNC110 - a file tells nobody
            await asyncio.sleep(0.02)
    assert await world.deliver(mail) == 5
    assert (texts.pool.get_size(), texts.pool.get_idle_size()) == (1, 1)
    assert not hanging.done()
    in_transaction = """SELECT count(*) FROM pg_stat_activity
        WHERE application_name = 'test of a hanging provider' AND state LIKE 'idle in transaction%'"""
    assert await world.rows(in_transaction) == [(0,)]
    await hanging
    await stop([texts], [])
    assert await world.rows(
        "SELECT d.state::text FROM delivery d JOIN endpoint e ON e.id = d.endpoint_id WHERE e.channel = 'sms' LIMIT 1"
    ) == [("unknown",)]
    await mail.pool.close()
