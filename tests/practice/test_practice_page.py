"""/practice: at one look what each channel got, and the way to each."""

from __future__ import annotations

import json
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from fastapi import FastAPI

from tocsin.practice import chat_log, push_log, social_log, twilio_log, webhook_log
from tocsin.practice.everything import SHELVES
from tocsin.practice.outbox import Outbox, outbox_path
from tocsin.services.hint import Hints
from tocsin.services.policy import load_policy
from tocsin.settings import Settings
from tocsin.store.engine import make_engine
from tocsin.web.deps import Site
from tocsin.web.main import PRACTICE_PAGES

SENT: Final[dict[str, Any]] = {"vapid": "right", "topic": "", "urgency": "high", "ttl": "60", "size": 1}


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Ask the practice pages alone: they need neither database nor broker."""
    settings = Settings(home=tmp_path, practice=True, brand="Acme")
    engine = make_engine("postgresql://nobody@127.0.0.1:9/none", pool_size=1)
    hints = Hints("redis://127.0.0.1:9/0")
    app = FastAPI()
    for part in PRACTICE_PAGES:
        app.include_router(part.router)
    app.state.site = Site(settings, load_policy(), engine, hints, {})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://tocsin") as asking:
        yield asking
    hints.close()
    await engine.dispose()


async def fill(home: Path) -> None:
    """Put one message into each table, each a second younger than the one before."""
    path = outbox_path(home)
    mails = Outbox(path)
    await mails.keep("b@example.com", ["ada@example.com"], b"Subject: Checkout <b>fails</b>\r\n\r\n.", report=False)
    mails.close()
    texts = twilio_log.Texts(path)
    texts.keep(twilio_log.New(time.time() + 1, "SM1", "+1", "+14155550101", "Texted", 1, None, "", "201", "", "{}"))
    texts.keep(twilio_log.New(time.time() + 1, "", "+1", "+15005550001", "Refused", 1, None, "", "400", "", "{}"))
    texts.close()
    chat = chat_log.ChatLog(path)
    chat.keep(chat_log.NewPost("slack_webhook", "support", "Carded", []))
    chat.close()
    posts = social_log.Posts(path)
    posts.keep(social_log.New("bluesky", "acme", "Posted", "", "", "", {}, b""), "200", "at://1")
    posts.close()
    pushes = push_log.Pushes(path)
    note = json.dumps({"title": "Pushed"})
    pushes.keep(push_log.New(time.time() + 4, "phone", "201", kept=True, **SENT, opened=note))
    pushes.keep(push_log.New(time.time() + 5, "phone", "201", kept=True, **SENT, opened="not JSON"))
    pushes.close()
    calls = webhook_log.Calls(path)
    calls.keep(time.time() + 6, "acme", "m1", ("incident.opened", "Called"), ("right", "200", True), "", b"{}")
    calls.close()


async def test_an_empty_outbox_names_every_channel_and_says_what_to_do(client: httpx.AsyncClient) -> None:
    shown = await client.get("/practice")
    assert shown.status_code == 200
    assert shown.text.count("Nothing yet") == len(SHELVES)
    assert "Post an incident" in shown.text


async def test_each_channel_has_its_count_and_its_newest(client: httpx.AsyncClient, tmp_path: Path) -> None:
    await fill(tmp_path)
    shown = (await client.get("/practice")).text
    by_channel, newest = shown.split('id="newest"')
    counts = re.findall(r'<span class="to">([\w-]+)</span>.*?<span class="tag">(\d+)</span>', by_channel, re.DOTALL)
    assert dict(counts) == {"E-mail": "1", "SMS": "2", "Chat": "1", "Social": "1", "Push": "2", "Webhooks": "1"}
    assert newest.index("incident.opened: Called") < newest.index("Pushed") < newest.index("Texted")
    for said in ("Slack: support", "Carded", "Bluesky: acme", "Posted", "Refused", "(no words)"):
        assert said in newest


async def test_every_way_leads_somewhere(client: httpx.AsyncClient, tmp_path: Path) -> None:
    await fill(tmp_path)
    shown = (await client.get("/practice")).text
    ways = set(re.findall(r'href="(/practice[^"]*)"', shown))
    assert {shelf.page for shelf in SHELVES} <= ways
    assert "/practice/sms?number=%2B14155550101" in ways
    for way in ways:
        assert (await client.get(way)).status_code == 200, way


async def test_what_a_title_holds_is_shown_and_not_run(client: httpx.AsyncClient, tmp_path: Path) -> None:
    await fill(tmp_path)
    shown = (await client.get("/practice")).text
    assert "Checkout &lt;b&gt;fails&lt;/b&gt;" in shown
    assert "<b>fails" not in shown


async def test_an_outbox_that_cannot_be_read_is_said_to_be(client: httpx.AsyncClient, tmp_path: Path) -> None:
    outbox_path(tmp_path).mkdir(parents=True)
    assert "cannot be opened" in (await client.get("/practice")).text
