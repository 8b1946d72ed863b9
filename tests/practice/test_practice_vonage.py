"""The look-alike of Vonage: refuses what Vonage refuses, inside of a 200, and reports as Vonage does, signed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from aiohttp import web

from texts_to_send import SECRET, story, text_to, vonage_channel
from tocsin.domain.channel import Accepted, Receipt, ReceiptKind
from tocsin.domain.errors import AddressDead, Ambiguous, DeliveryError, GiveUp, ProviderDown, TooFast, TryAgain
from tocsin.practice.http import PracticeHttp
from tocsin.practice.outbox import outbox_path
from tocsin.practice.twilio_log import thread
from tocsin.practice.vonage import PracticeVonage
from tocsin.practice.vonage_behaviour import BEHAVIOURS
from tocsin_channels.sms.channel import SmsChannel

KEY, API_SECRET = "key", "secret"


@dataclass
class Us:
    """Where Vonage reports to: reads each report as the channel does."""

    channel: SmsChannel
    receipts: list[Receipt] = field(default_factory=list[Receipt])
    heard: int = 0
    came: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, request: web.Request) -> web.Response:
        self.receipts += self.channel.read_receipt(await request.read(), request.headers, str(request.url))
        self.heard += 1
        self.came.set()
        return web.Response(status=204)

    async def hear(self, calls: int) -> list[Receipt]:
        """Return the receipts when we were called so often."""
        async with asyncio.timeout(30):
            while self.heard < calls:
                self.came.clear()
                await self.came.wait()
        return self.receipts


@dataclass
class Practised:
    us: Us
    url: str
    outbox: Path


@pytest.fixture
async def practised(tmp_path: Path) -> AsyncIterator[Practised]:
    outbox = outbox_path(tmp_path)
    app = web.Application()
    runner = web.AppRunner(app)
    us = Us(vonage_channel("localhost:1"))
    app.router.add_post("/receipts/vonage", us.take)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    public = f"http://127.0.0.1:{runner.addresses[0][1]}"
    look_alike = PracticeVonage(outbox, KEY, API_SECRET, SECRET, f"{public}/receipts/vonage")
    async with PracticeHttp([look_alike]) as server:
        us.channel = vonage_channel(f"http://{server.host}", public=public)
        yield Practised(us, f"http://{server.host}", outbox)
        await us.channel.close()
    await runner.cleanup()


async def test_what_was_taken_is_reported_delivered_and_signed(practised: Practised) -> None:
    [result] = await text_to(practised.us.channel, "+14155552671")
    assert isinstance(result, Accepted)
    receipts = await practised.us.hear(2)  # that it is on its way, which says nothing yet, and that it arrived
    assert receipts == [Receipt("delivery00000000xyz", ReceiptKind.DELIVERED, "0", "")]
    [text] = thread(practised.outbox, "+14155552671")
    assert (text.sender, text.segments, text.validity, text.sid) == ("+14155550100", 1, 600, result.provider_id)


@pytest.mark.parametrize(
    ("number", "code", "state"),
    [("+15005550015", "3", "dead"), ("+15005550016", "2", "kept"), ("+15005550017", "6", "kept")],
)
async def test_what_does_not_arrive_is_reported_with_its_code(
    practised: Practised, number: str, code: str, state: str
) -> None:
    await text_to(practised.us.channel, number)
    [receipt] = await practised.us.hear(2)
    assert (receipt.kind, receipt.code, receipt.keeps_address) == (ReceiptKind.BOUNCED, code, state == "kept")


async def test_a_phone_that_asks_to_stop_is_opted_out_in_its_own_words(practised: Practised) -> None:
    await text_to(practised.us.channel, "+15005550018")
    delivered, stopped = await practised.us.hear(3)
    assert delivered.kind is ReceiptKind.DELIVERED
    assert (stopped.kind, stopped.address) == (ReceiptKind.OPTED_OUT, "+15005550018")


async def test_help_changes_nothing(practised: Practised) -> None:
    await text_to(practised.us.channel, "+15005550020")
    assert [receipt.kind for receipt in await practised.us.hear(3)] == [ReceiptKind.DELIVERED]


@pytest.mark.parametrize(
    ("number", "first"),
    [
        ("+15005550001", AddressDead),
        ("+15005550002", ProviderDown),
        ("+15005550003", GiveUp),
        ("+15005550004", AddressDead),
        ("+15005550009", ProviderDown),
        ("+15005550010", TooFast),
        ("+15005550011", TryAgain),
        ("+15005550012", Ambiguous),
        ("+15005550014", Ambiguous),
    ],
)
async def test_a_number_does_what_its_line_says(practised: Practised, number: str, first: type[DeliveryError]) -> None:
    [result] = await text_to(practised.us.channel, number)
    assert type(result) is first
    if first in {TooFast, TryAgain}:
        results = [(await text_to(practised.us.channel, number))[0] for _ in range(2)]
        assert [type(one) for one in results] == [first, Accepted]


def test_every_number_has_a_line_of_its_own() -> None:
    assert len({behaviour.number for behaviour in BEHAVIOURS}) == len(BEHAVIOURS)


async def test_many_segments_are_many_messages_and_one_name(practised: Practised) -> None:
    [result] = await text_to(practised.us.channel, "+14155552671", about=story(title="Оплата не проходит " * 6))
    assert isinstance(result, Accepted)
    [text] = thread(practised.outbox, "+14155552671")
    assert text.segments > 1
    assert text.sid == result.provider_id


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, "2"),
        ({"to": "123", "from": "1", "text": "x"}, "3"),
        ({"to": "14155552671", "from": "1"}, "2"),
        ({"to": "14155552671", "text": "x"}, "2"),
        ({"to": "14155552671", "from": "1", "text": "я"}, "3"),  # not in the alphabet, and not said to be unicode
        ({"to": "14155552671", "from": "1", "text": "x", "ttl": "600"}, "3"),  # milliseconds
        ({"to": "14155552671", "from": "1", "text": "x" * 3201}, "12"),
    ],
)
async def test_it_refuses_what_vonage_refuses(practised: Practised, fields: dict[str, str], status: str) -> None:
    async with httpx.AsyncClient(base_url=practised.url, auth=(KEY, API_SECRET)) as client:
        answer = await client.post("/sms/json", data=fields)
    assert answer.status_code == 200
    assert answer.json()["messages"][0]["status"] == status


async def test_strangers_are_refused(practised: Practised) -> None:
    async with httpx.AsyncClient(base_url=practised.url, auth=(KEY, "wrong")) as client:
        answer = await client.post("/sms/json", data={"to": "14155552671", "from": "1", "text": "x"})
        assert answer.json()["messages"][0]["status"] == "4"
        assert (await client.get("/account/get-balance")).status_code == 401
    assert await practised.us.channel.check() == "Vonage answers, a balance of 10.28"
