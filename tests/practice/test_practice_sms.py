"""The look-alike of Twilio: refuses what Twilio refuses, reports as Twilio does, and shows what phones got."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path

import httpx
import pytest
from aiohttp import web
from fastapi import FastAPI

from texts_to_send import SID, TOKEN, sms_channel, text_to
from tocsin.domain.channel import Receipt, ReceiptKind
from tocsin.practice.http import PracticeHttp
from tocsin.practice.outbox import outbox_path
from tocsin.practice.twilio import PracticeTwilio
from tocsin.practice.twilio_behaviour import BEHAVIOURS, SENDER
from tocsin.practice.twilio_log import phones, thread
from tocsin.services.hint import Hints
from tocsin.services.policy import load_policy
from tocsin.settings import Settings
from tocsin.store.engine import make_engine
from tocsin.web.deps import Site
from tocsin.web.pages import practice_sms
from tocsin_channels.sms.channel import SmsChannel

PHONE = "/practice/sms?number=%2B15005550018"
REFUSED_BY_EVERYBODY = {"+15005550001", "+15005550002", "+15005550003", "+15005550004", "+15005550009"}


@dataclass
class Us:
    """Where Twilio reports to: reads each report as the channel does."""

    channel: SmsChannel
    url: str = ""
    receipts: list[Receipt] = field(default_factory=list[Receipt])
    away: int = 0
    came: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, request: web.Request) -> web.Response:
        if self.away:
            self.away -= 1
            return web.Response(status=503)
        url = f"{self.url}{request.path_qs}"
        self.receipts += self.channel.read_receipt(await request.read(), request.headers, url)
        self.came.set()
        return web.Response(status=204)

    async def hear(self, n: int) -> list[Receipt]:
        """Return the receipts when there are `n` of them."""
        async with asyncio.timeout(20):
            while len(self.receipts) < n:
                self.came.clear()
                await self.came.wait()
        return self.receipts


@dataclass
class Practised:
    us: Us
    url: str
    outbox: Path

    async def text(self, *numbers: str) -> None:
        await text_to(self.us.channel, *numbers)


@pytest.fixture
async def practised(tmp_path: Path) -> AsyncIterator[Practised]:
    outbox = outbox_path(tmp_path)
    app = web.Application()
    runner = web.AppRunner(app)
    us = Us(sms_channel("http://127.0.0.1:1"))
    app.router.add_post("/receipts/twilio", us.take)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    us.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with PracticeHttp([PracticeTwilio(outbox, SID, TOKEN, f"{us.url}/receipts/twilio")]) as server:
        us.channel = sms_channel(f"http://{server.host}", senders=SENDER, receipts=us.url)
        yield Practised(us, f"http://{server.host}", outbox)
        await us.channel.close()
    await runner.cleanup()


async def test_what_was_taken_is_reported_delivered_and_signed(practised: Practised) -> None:
    await practised.text("+14155552671")
    assert await practised.us.hear(1) == [Receipt("delivery00000000xyz", ReceiptKind.DELIVERED, "delivered", "")]
    [text] = thread(practised.outbox, "+14155552671")
    assert (text.sender, text.segments, text.validity, text.answer) == (SENDER, 1, 600, "201")


@pytest.mark.parametrize(
    ("number", "code", "state"), [("+15005550015", "30006", "dead"), ("+15005550016", "30003", "kept")]
)
async def test_what_does_not_arrive_is_reported_with_its_code(
    practised: Practised, number: str, code: str, state: str
) -> None:
    await practised.text(number)
    [receipt] = await practised.us.hear(1)
    assert (receipt.kind, receipt.code) == (ReceiptKind.BOUNCED, code)
    assert receipt.keeps_address is (state == "kept")


async def test_a_phone_that_replies_stop_is_opted_out(practised: Practised) -> None:
    await practised.text("+15005550018")
    delivered, stopped = await practised.us.hear(2)
    assert delivered.kind is ReceiptKind.DELIVERED
    assert (stopped.kind, stopped.address) == (ReceiptKind.OPTED_OUT, "+15005550018")


async def test_reports_wait_for_who_does_not_listen(practised: Practised) -> None:
    practised.us.away = 1
    await practised.text("+14155552671")
    assert [receipt.kind for receipt in await practised.us.hear(1)] == [ReceiptKind.DELIVERED]


async def test_what_was_not_reported_is_reported_by_the_next_run(practised: Practised) -> None:
    practised.us.away = 1_000_000
    await practised.text("+14155552671")
    async with PracticeHttp([PracticeTwilio(practised.outbox, SID, TOKEN, practised.us.url)]):
        practised.us.away = 0
        assert (await practised.us.hear(1))[0].kind is ReceiptKind.DELIVERED


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({}, 400, 21604),
        ({"To": "123"}, 400, 21211),
        ({"To": "+14155552671"}, 400, 21603),
        ({"To": "+14155552671", "From": SENDER}, 400, 21602),
        ({"To": "+14155552671", "From": SENDER, "Body": "x" * 1601}, 400, 21617),
        ({"To": "+14155552671", "From": SENDER, "Body": "x", "StatusCallback": "nowhere"}, 400, 21609),
        ({"To": "+14155552671", "From": SENDER, "Body": "x", "ValidityPeriod": "36001"}, 400, 20001),
    ],
)
async def test_it_refuses_what_twilio_refuses(
    practised: Practised, fields: dict[str, str], status: int, code: int
) -> None:
    async with httpx.AsyncClient(base_url=practised.url, auth=(SID, TOKEN)) as client:
        answer = await client.post(f"/2010-04-01/Accounts/{SID}/Messages.json", data=fields)
    assert answer.status_code == status
    assert answer.json()["code"] == code
    assert answer.json()["more_info"] == f"https://www.twilio.com/docs/errors/{code}"


async def test_strangers_and_other_accounts_are_refused(practised: Practised) -> None:
    async with httpx.AsyncClient(base_url=practised.url) as client:
        path = f"/2010-04-01/Accounts/{SID}/Messages.json"
        assert (await client.post(path, auth=(SID, "wrong"))).json()["code"] == 20003
        assert (await client.post(path)).status_code == 401
        other = await client.post(path.replace(SID, "AC1"), auth=(SID, TOKEN))
    assert (other.status_code, other.json()["code"]) == (404, 20404)


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    settings = Settings(home=tmp_path, practice=True, brand="Acme")
    engine = make_engine("postgresql://nobody@127.0.0.1:9/none", pool_size=1)
    hints = Hints("redis://127.0.0.1:9/0")
    app = FastAPI()
    app.include_router(practice_sms.router)
    app.state.site = Site(settings, load_policy(), engine, hints, {})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://tocsin") as asking:
        yield asking
    hints.close()
    await engine.dispose()


async def test_an_empty_outbox_says_what_to_do(page: httpx.AsyncClient) -> None:
    shown = unescape((await page.get("/practice/sms")).text)
    assert "No text yet" in shown
    for behaviour in BEHAVIOURS:
        assert f"<code>{behaviour.number}</code>" in shown
        assert behaviour.does[1:] in shown


async def test_a_phone_shows_what_it_got_and_what_its_holder_replied(
    page: httpx.AsyncClient, practised: Practised
) -> None:
    await practised.text("+14155552671", "+15005550018", "+15005550001")
    await practised.us.hear(3)
    async with asyncio.timeout(20):
        # The carrier notes what it passed on once that was taken.
        while "STOP</p>" not in (shown := unescape((await page.get(PHONE)).text)):  # noqa: ASYNC110  the page is all
            await asyncio.sleep(0.01)
    assert "Acme: Checkout partly down, investigating. Next update 14:30 UTC." in shown
    assert '<p class="bubble mine">STOP</p>' in shown
    assert "1 segment, delivered" in shown
    refused = unescape((await page.get("/practice/sms", params={"number": "+15005550001"})).text)
    assert "not taken: 21211" in refused
    assert {phone.number for phone in phones(practised.outbox)} == {"+14155552671", "+15005550018", "+15005550001"}


async def test_a_number_nobody_texted_has_an_empty_phone(page: httpx.AsyncClient, practised: Practised) -> None:
    await practised.text("+14155552671")
    shown = await page.get("/practice/sms", params={"number": "<script>"})
    assert "This phone got nothing." in shown.text
    assert "<script>" not in shown.text.split("<main")[1]


def test_the_numbers_that_misbehave_are_listed_once() -> None:
    numbers = [behaviour.number for behaviour in BEHAVIOURS]
    assert len(set(numbers)) == len(numbers)
    assert {behaviour.number for behaviour in BEHAVIOURS if len(behaviour.refusals) == 1} == REFUSED_BY_EVERYBODY


def test_the_documentation_has_the_same_numbers() -> None:
    told = (Path(__file__).parents[2] / "docs/channels.md").read_text()
    assert [one for one in BEHAVIOURS if f"| `{one.number}` | {one.does} | {one.then} |" not in told] == []
