"""Codes and other notices go through their provider's pace and its closed gates, as deliveries do."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from delivery.test_pace_of_texts import log_of
from delivery.two_servers import two_servers
from delivery.world import World
from post_office import Carrier, PostOffice
from texts_to_send import SID, TOKEN, sms_channel
from tocsin.domain.channel import Accepted, ChannelName
from tocsin.domain.errors import TooFast
from tocsin.domain.gate import Rate
from tocsin.domain.notice import NoticeKind
from tocsin.domain.opting_in import WORDING, Purpose
from tocsin.practice.http import PracticeHttp
from tocsin.practice.outbox import outbox_path
from tocsin.practice.twilio import PracticeTwilio
from tocsin.services.pacer import Pacer
from tocsin.services.send_notices import send_notices
from tocsin.settings import Settings
from tocsin.store import closed_gates, notices, opt_ins
from tocsin.store.closed_gates import Closing
from tocsin.store.engine import begin

ADA, BOB, CLEO = "+14155552001", "+14155552002", "+14155552003"
RATE = Rate(1, 1.0, 2)
SMS = ChannelName.SMS


@pytest.fixture
def office(world: World) -> PostOffice:
    return PostOffice(world.engine, Settings(brand="Acme", home=Path("/nowhere"), secret=SecretStr("s" * 32)))


async def owe_code(world: World, number: str) -> None:
    """Promise a code to somebody who wants to join with a number."""
    async with begin(world.engine) as connection:
        asked = await opt_ins.insert(
            connection,
            purpose=Purpose.JOIN,
            channel=SMS,
            address=number,
            key=number,
            seal=number.encode(),
            subscriber_id=None,
            endpoint_id=None,
            wanted={},
            locale="en",
            network="192.0.2.0/24",
            wording=WORDING,
            browser=None,
            hours=24.0,
        )
        await notices.promise(
            connection, NoticeKind.CONFIRM, channel=SMS, address=number, key=number, locale="en", opt_in=asked
        )


async def owe_update(world: World, number: str) -> None:
    await world.person(number, channel=SMS)
    await world.say("It is down.", severity="sev2")
    await world.spread()


async def codes(world: World) -> list[tuple[str | None, int]]:
    """Return of each code what came of it and how often it was tried."""
    found = await world.rows(
        "SELECT n.outcome, o.tries FROM notice n JOIN outbox o ON o.notice_id = n.id ORDER BY n.id"
    )
    return [(outcome, tries) for outcome, tries in found]


async def test_two_codes_and_a_delivery_never_exceed_the_pace_of_their_sender(
    world: World, office: PostOffice, broker_url: str, tmp_path: Path
) -> None:
    twilio = PracticeTwilio(outbox_path(tmp_path), SID, TOKEN, "http://127.0.0.1:1/receipts/twilio")
    async with PracticeHttp([twilio]) as server:
        await _all_go_out(world, office, f"http://127.0.0.1:{server.port}", broker_url)
    log = log_of(tmp_path)
    assert sorted(recipient for _, recipient, _, _, _ in log) == [ADA, BOB, CLEO]
    for begins, (_, _, first, _, _) in enumerate(log):
        total = 0
        for _, _, at, segments, _ in log[begins:]:
            total += segments
            assert total <= (at - first) * RATE.amount + RATE.burst + 0.5, log  # half a second on the way there
    assert await codes(world) == [("accepted", 1)] * 2


async def _all_go_out(world: World, office: PostOffice, url: str, broker_url: str) -> None:
    channel = sms_channel(url, rates=lambda _: (RATE,))
    way = world.way(provider=channel)
    # Another process than the one that delivers: they know of each other by the broker alone.
    here, there = (Pacer(broker_url, SMS, worker, channel.gates) for worker in ("here", "there"))
    way.pacer = here
    desk = replace(office.desk(SMS), channel=channel, pacer=there)
    await owe_update(world, CLEO)
    await owe_code(world, ADA)
    await owe_code(world, BOB)
    await world.deliver(way)
    sent = await send_notices(desk)
    async with asyncio.timeout(20):
        while sent < 2:
            await asyncio.sleep(0.1)
            sent += await send_notices(desk)
    way.stopping = True
    for pacer in (here, there):
        await pacer.close()
    await channel.close()


async def test_a_closed_gate_holds_a_code_which_goes_out_afterwards(world: World, office: PostOffice) -> None:
    office.desk(SMS)
    carrier = office.carriers[SMS]
    carrier.answer = lambda _: TooFast("429 slow down", code=429, retry_after=120.0)
    way = world.way(provider=carrier)
    await owe_update(world, CLEO)
    await world.deliver(way)
    carrier.answer = lambda _: Accepted("queued")
    await owe_code(world, ADA)
    await world.later(110)
    assert await office.send(SMS) == 0
    assert [message.address for message in carrier.sent] == [CLEO]
    assert await world.rows("SELECT code FROM opt_in") == [(None,)]  # its ten minutes have not begun
    await world.later(11)
    assert await office.send(SMS) == 1
    assert [message.address for message in carrier.sent] == [CLEO, ADA]
    assert await codes(world) == [("accepted", 1)]


async def test_a_429_to_a_code_holds_codes_and_deliveries_of_every_worker_and_is_no_try(
    world: World, office: PostOffice
) -> None:
    office.desk(SMS)
    carrier = office.carriers[SMS]
    carrier.answer = lambda _: TooFast("429 slow down", code=429, retry_after=120.0)
    await owe_code(world, ADA)
    assert await office.send(SMS) == 0
    assert await codes(world) == [(None, 0)]
    assert await world.rows("SELECT note FROM notice") == [("429 slow down",)]
    elsewhere = Carrier(name=SMS)
    await owe_update(world, CLEO)
    await owe_code(world, BOB)
    way = world.way(provider=elsewhere)
    other = replace(office.desk(SMS), channel=elsewhere)
    await world.later(115)
    await world.deliver(way)
    assert await send_notices(other) == 0
    assert elsewhere.sent == []
    await world.later(6)
    await world.deliver(way)
    assert await send_notices(other) == 2
    assert sorted(message.address for message in elsewhere.sent) == [ADA, BOB, CLEO]
    assert await codes(world) == [("accepted", 1)] * 2
    assert await world.rows("SELECT state::text, tries FROM delivery WHERE provider IS NOT NULL") == [("accepted", 1)]


async def test_a_notice_goes_by_another_provider_while_the_first_takes_no_more(
    world: World, office: PostOffice, tmp_path: Path
) -> None:
    async with two_servers(world, tmp_path) as two:
        desk = replace(office.desk(ChannelName.EMAIL), channel=two.channel, providers=two.providers)
        async with world.pool.acquire() as connection:
            now = await connection.fetchval("SELECT tocsin_epoch()")
            shut = {"first": Closing(now + 120.0, "421 4.7.0 too much from you")}
            await closed_gates.close(connection, ChannelName.EMAIL, shut)
        async with begin(world.engine) as connection:
            address = "canary@example.com"
            await notices.promise(
                connection, NoticeKind.CANARY, channel="email", address=address, key=address, locale="en"
            )
        assert await send_notices(desk) == 1
        assert two.kept() == [address]
        assert two.first.mails == []
