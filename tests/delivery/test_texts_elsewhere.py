"""A text in doubt is looked for at the carrier that was given it, whichever carries what comes next."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from delivery.text_carriers import (
    KEPT_AND_HUNG_UP,
    NUMBER,
    WAIT,
    Carriers,
    by_vonage,
    later,
    open_carriers,
    row,
    told,
)
from delivery.world import World
from faults.proxy import Mood
from tocsin.services.way import Way


@pytest.fixture
async def carriers(tmp_path: Path) -> AsyncIterator[Carriers]:
    async with open_carriers(tmp_path) as opened:
        yield opened


@pytest.fixture
def way(world: World, carriers: Carriers) -> Way:
    return world.way(provider=carriers.channel)


async def test_it_is_looked_for_where_it_was_given_whoever_carries_what_comes_next(
    world: World, way: Way, carriers: Carriers
) -> None:
    await told(world, way, KEPT_AND_HUNG_UP)
    await by_vonage(world, way)
    await later(world, way, WAIT)
    assert await row(world) == ("accepted", "outcome_unknown", "twilio", 1, 0, 2)
    assert carriers.heard(carriers.twilio) == [KEPT_AND_HUNG_UP]
    assert carriers.heard(carriers.vonage) == []


async def test_what_was_not_there_goes_by_the_other_one(world: World, way: Way, carriers: Carriers) -> None:
    carriers.proxy.be(Mood.BLACK_HOLE)
    await told(world, way)
    await by_vonage(world, way)
    await later(world, way, WAIT)
    assert await row(world) == ("unknown", "outcome_unknown", "twilio", 1, 0, 1)
    assert carriers.heard(carriers.vonage) == [], "nobody knows yet"
    carriers.proxy.be(Mood.PASS)
    await later(world, way, WAIT)
    assert await row(world) == ("accepted", "outcome_unknown", "vonage", 1, 0, 2)
    assert carriers.heard(carriers.vonage) == [NUMBER]


async def test_where_its_carrier_says_nothing_it_is_sent_once_more_and_labelled(
    world: World, way: Way, carriers: Carriers
) -> None:
    await by_vonage(world, way)
    await told(world, way, KEPT_AND_HUNG_UP)
    assert (await row(world))[:4] == ("unknown", "outcome_unknown", "vonage", 1)
    for _ in range(6):
        await later(world, way, WAIT)
    assert (await row(world))[:5] == ("accepted", "outcome_unknown", "vonage", 2, 0)
    assert carriers.heard(carriers.vonage) == [KEPT_AND_HUNG_UP] * 2
    assert carriers.heard(carriers.twilio) == []
