"""Samples are believable, of every kind, and never doubled."""

from __future__ import annotations

from collections import Counter

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from tocsin.domain.audience import Audience, Audiences
from tocsin.domain.channel import ChannelName
from tocsin.practice.behaviour import BEHAVIOURS
from tocsin.practice.sampled import sampled
from tocsin.services.address import read_address
from tocsin.services.audiences import sync_audiences
from tocsin.services.invent import invent, invent_all
from tocsin.services.policy import load_policy
from tocsin.services.sample import sample

AUDIENCES = Audiences.of(Audience(rank, name, rank) for rank, name in enumerate(load_policy().audiences))


async def _count(engine: AsyncEngine, of: str) -> int:
    async with engine.connect() as connection:
        return int((await connection.execute(text(f"SELECT count(*) FROM {of}"))).scalar_one())


@pytest.fixture
async def ready(engine: AsyncEngine) -> AsyncEngine:
    await sync_audiences(engine, load_policy())
    return engine


async def test_a_second_time_adds_nothing_and_more_adds_the_rest(ready: AsyncEngine) -> None:
    assert await sample(ready, 50) == 50
    assert await sample(ready, 50) == 0
    assert await _count(ready, "endpoint WHERE channel = 'email'") == 50
    assert await sample(ready, 80) == 30
    assert await sample(ready, 10) == 0
    assert await _count(ready, "component") == 10


async def test_who_was_removed_stays_removed(ready: AsyncEngine) -> None:
    await sample(ready, 20)
    address = invent(7, AUDIENCES).endpoints[0].address
    async with ready.begin() as connection:
        await connection.execute(
            text("""DELETE FROM subscriber WHERE id = (SELECT subscriber_id FROM endpoint WHERE address = :address)"""),
            {"address": address},
        )
    assert await sample(ready, 20) == 0
    assert await _count(ready, f"endpoint WHERE address = '{address}'") == 0


async def test_ten_thousand_of_every_kind_are_in_buckets_that_know_their_size(ready: AsyncEngine) -> None:
    assert await sample(ready, 10_000) == 10_000
    async with ready.connect() as connection:
        rows = await connection.execute(
            text("SELECT state::text, count(*) AS n FROM endpoint WHERE channel = 'email' GROUP BY 1")
        )
        states = {row.state: row.n for row in rows}
        wrong = (await connection.execute(
            text("""SELECT count(*) FROM bucket b WHERE size > 500
                    OR size <> (SELECT count(*) FROM endpoint e WHERE e.bucket_id = b.id)"""))).scalar()  # fmt: skip
    assert set(states) == {"active", "unconfirmed", "paused", "opted_out"}
    assert states["active"] > 9_000
    assert wrong == 0
    assert await _count(ready, "pace") == await _count(ready, "endpoint")
    assert 1_500 < await _count(ready, "endpoint WHERE NOT all_components") < 2_500


def test_all_audiences_are_there_and_most_are_customers() -> None:
    audiences = Counter(AUDIENCES.narrowest(invent(number, AUDIENCES).audiences).name for number in range(1, 1_001))
    assert set(audiences) == set(AUDIENCES.names)
    assert audiences["customers"] > 700
    assert len(_addresses(10_000)) == 10_000


def test_addresses_are_written_as_they_are_compared() -> None:
    for address in _addresses(300):
        assert read_address(ChannelName.EMAIL, address, {ChannelName.EMAIL: None}) == (address, address)


def test_other_audiences_are_served_too() -> None:
    other = Audiences.of([Audience(0, "crew", 0), Audience(1, "public", 1)])
    assert {invent(number, other).audiences for number in range(1, 50)} == {other.widest.bit}


def test_a_few_misbehave_in_small_samples_and_none_in_big_ones() -> None:
    known = {behaviour.local_part for behaviour in BEHAVIOURS}
    small = [address.partition("+")[0] for address in _addresses(200) if "+" in address]
    assert len(small) == 6
    assert known.issuperset(small)
    assert not any("+" in address for address in _addresses(5_000))


def _addresses(n: int) -> set[str]:
    return {endpoint.address for who in invent_all(n, AUDIENCES) for endpoint in who.endpoints}


async def test_an_empty_home_gets_addresses_to_practise_on_once(ready: AsyncEngine) -> None:
    practised = sampled({"TOCSIN_WEBHOOK__PRACTICE_HOST": "127.0.0.1:2580"})
    assert await sample(ready, 3, practised) == 3
    webhooks = len(practised[ChannelName.WEBHOOK])
    assert await _count(ready, "endpoint WHERE channel = 'webhook' AND state = 'active'") == webhooks
    assert await sample(ready, 5, practised) == 2
    assert await _count(ready, "endpoint WHERE channel = 'webhook'") == webhooks
