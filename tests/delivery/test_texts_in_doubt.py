"""A text of unknown outcome: two minutes for a report, then a look where it was given, and only then once more."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from aiohttp import web

from delivery.text_carriers import KEPT_AND_HUNG_UP, NUMBER, WAIT, Carriers, later, open_carriers, row, told
from delivery.world import World
from faults.proxy import Mood
from texts_to_send import carried
from tocsin.domain.answers import begins_of
from tocsin.domain.channel import Answered, ChannelName, Message
from tocsin.services.deliver import deliver_batch
from tocsin.services.receive import receive
from tocsin.services.way import Way


@pytest.fixture
async def carriers(tmp_path: Path) -> AsyncIterator[Carriers]:
    async with open_carriers(tmp_path) as opened:
        yield opened


@pytest.fixture
def way(world: World, carriers: Carriers) -> Way:
    return world.way(provider=carriers.channel)


async def test_it_is_left_alone_for_two_minutes_and_then_found(world: World, way: Way, carriers: Carriers) -> None:
    await told(world, way, KEPT_AND_HUNG_UP)
    assert await row(world) == ("unknown", "outcome_unknown", "twilio", 1, 0, 1)
    await later(world, way, 118)
    assert await row(world) == ("unknown", "outcome_unknown", "twilio", 1, 0, 1)
    await later(world, way, 3)
    assert await row(world) == ("accepted", "outcome_unknown", "twilio", 1, 0, 2)
    assert carriers.heard(carriers.twilio) == [KEPT_AND_HUNG_UP]


async def test_a_report_settles_it_at_once_and_nothing_is_sent_again(world: World, carriers: Carriers) -> None:
    """As the look-alike of Twilio reports it, signed and to the address that each text has its own of."""
    heard = asyncio.Event()
    channel = carriers.channel

    async def take(request: web.Request) -> web.Response:
        said = channel.read_receipt(await request.read(), dict(request.headers), str(request.url))
        await receive(world.engine, "s", "twilio", said, ChannelName.SMS)
        if said:
            heard.set()
        return web.Response()

    app = web.Application()
    app.router.add_post("/receipts/twilio", take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    channel = carried(f"http://127.0.0.1:{carriers.proxy.port}", "nowhere", receipts=f"http://127.0.0.1:{port}")
    way = world.way(provider=channel)
    try:
        await told(world, way, KEPT_AND_HUNG_UP)
        await asyncio.wait_for(heard.wait(), 20)
        assert await row(world) == ("delivered", "outcome_unknown", "twilio", 1, 0, 1)
        for _ in range(3):
            await later(world, way, WAIT)
    finally:
        await channel.close()
        await runner.cleanup()
    assert carriers.heard(carriers.twilio) == [KEPT_AND_HUNG_UP]


async def test_who_swallows_texts_for_minutes_is_given_them_until_they_are_heard(
    world: World, way: Way, carriers: Carriers
) -> None:
    carriers.proxy.be(Mood.SWALLOW)
    await told(world, way)
    for seconds, sent in ((WAIT, 2), (WAIT, 2), (WAIT, 3)):  # twice as long each time
        await later(world, way, seconds)
        assert await row(world) == ("unknown", "outcome_unknown", "twilio", sent, sent - 1, sent)
    carriers.proxy.be(Mood.PASS)
    assert carriers.heard(carriers.twilio) == []
    await later(world, way, 4 * WAIT)
    assert await row(world) == ("accepted", "outcome_unknown", "twilio", 3, 2, 4)
    assert carriers.heard(carriers.twilio) == [NUMBER]


async def test_where_nobody_can_be_asked_nothing_is_sent_and_no_try_is_lost(
    world: World, way: Way, carriers: Carriers
) -> None:
    carriers.proxy.be(Mood.BLACK_HOLE)
    await told(world, way)
    await later(world, way, WAIT)
    for _ in range(5):
        await later(world, way, 600)
        assert await row(world) == ("unknown", "outcome_unknown", "twilio", 1, 0, 1)
    carriers.proxy.be(Mood.PASS)
    await later(world, way, 600)
    assert await row(world) == ("accepted", "outcome_unknown", "twilio", 1, 0, 2)
    assert carriers.heard(carriers.twilio) == [NUMBER]


async def test_what_is_no_news_any_more_is_not_looked_for_any_longer(
    world: World, way: Way, carriers: Carriers
) -> None:
    carriers.proxy.be(Mood.BLACK_HOLE)
    await told(world, way)
    for _ in range(7):
        await later(world, way, 3600)
    assert await row(world) == ("accepted", "outcome_unknown", "twilio", 1, 0, 1)


async def test_the_end_of_what_was_told_is_looked_for_and_told_however_late(
    world: World, way: Way, carriers: Carriers
) -> None:
    await world.person(NUMBER, channel=ChannelName.SMS)
    opened = await world.say("It is broken.", severity="sev1")
    await world.spread()
    await world.deliver(way)
    carriers.proxy.be(Mood.BLACK_HOLE)
    await world.say("It works again.", about=opened, status="resolved")
    await world.spread()
    for _ in range(10):
        await later(world, way, 3 * 3600)
    assert await world.ledger(NUMBER) == [(1, "accepted", None), (2, "unknown", "outcome_unknown")]
    carriers.proxy.be(Mood.PASS)
    await later(world, way, 3600)
    assert await world.ledger(NUMBER) == [(1, "accepted", None), (2, "accepted", "outcome_unknown")]
    assert carriers.heard(carriers.twilio) == [NUMBER, NUMBER]


async def test_who_lists_late_makes_one_copy_more_at_the_most_and_it_is_labelled(
    world: World, way: Way, carriers: Carriers
) -> None:
    carriers.proxy.be(Mood.CUT_ANSWER)
    await told(world, way)
    carriers.proxy.be(Mood.PASS)
    carriers.hide(hidden=True)
    carriers.proxy.be(Mood.CUT_ANSWER, most=1)
    await later(world, way, WAIT)
    carriers.hide(hidden=False)
    for _ in range(5):
        await later(world, way, 600)
    heard = carriers.heard(carriers.twilio)
    state, _, _, unknowns, *_ = await row(world)
    assert (state, len(heard)) == ("accepted", 2)
    assert unknowns == 2


async def test_what_a_dead_worker_had_begun_waits_for_its_report_as_long_and_is_found(
    world: World, way: Way, carriers: Carriers, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.person(NUMBER, channel=ChannelName.SMS)
    await world.say("It is broken.", severity="sev1")
    await world.spread()
    dying = carriers.channel.by("twilio")
    send = dying.send

    async def send_and_die(messages: Sequence[Message], answered: Answered) -> None:
        begins_of(answered)([0])
        await send(messages, lambda _index, _result: None)
        raise asyncio.CancelledError

    with monkeypatch.context() as patched, contextlib.suppress(asyncio.CancelledError):
        patched.setattr(dying, "send", send_and_die)
        await deliver_batch(world.way(provider=dying, lease_seconds=5))
    await later(world, way, 6)
    assert await row(world) == ("unknown", "outcome_unknown", "twilio", 1, 0, 1)
    await later(world, way, 118)
    assert await row(world) == ("unknown", "outcome_unknown", "twilio", 1, 0, 1)
    await later(world, way, 3)
    assert await row(world) == ("accepted", "outcome_unknown", "twilio", 1, 0, 2)
    assert carriers.heard(carriers.twilio) == [NUMBER]


async def test_other_news_does_not_wait_for_the_end_of_a_doubt(world: World, way: Way, carriers: Carriers) -> None:
    await told(world, way, KEPT_AND_HUNG_UP)
    await world.say("And the search.", severity="sev1", title="Search fails")
    await world.spread()
    await later(world, way, 40)  # no more than the urgent lane's longest interval, and five seconds
    assert carriers.heard(carriers.twilio) == [KEPT_AND_HUNG_UP] * 2
    states = await world.rows("SELECT state::text FROM delivery WHERE provider IS NOT NULL ORDER BY update_id")
    assert states == [("unknown",), ("unknown",)]
