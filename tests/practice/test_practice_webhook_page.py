"""/practice/webhooks: calls as they came in, whatever is in them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from hooks import SECRET, message, post
from mail_to_send import chapter, story
from tocsin.domain.reach import Reach
from tocsin.practice.http import PracticeHttp
from tocsin.practice.outbox import outbox_path
from tocsin.practice.webhook import Webhooks
from tocsin.practice.webhook_behaviour import BEHAVIOURS
from tocsin.sections import Webhook
from tocsin.services.hint import Hints
from tocsin.services.policy import load_policy
from tocsin.settings import Settings
from tocsin.store.engine import make_engine
from tocsin.web.deps import Site
from tocsin.web.pages import practice_webhook
from tocsin_channels.webhook.channel import WebhookChannel


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Ask the page alone: it needs neither database nor broker."""
    settings = Settings(home=tmp_path, practice=True, brand="Acme", webhook=Webhook(practice_host="127.0.0.1:2580"))
    engine = make_engine("postgresql://nobody@127.0.0.1:9/none", pool_size=1)
    hints = Hints("redis://127.0.0.1:9/0")
    app = FastAPI()
    app.include_router(practice_webhook.router)
    app.state.site = Site(settings, load_policy(), engine, hints, {})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://tocsin") as asking:
        yield asking
    hints.close()
    await engine.dispose()


async def fill(home: Path, *names: str, title: str = "Checkout is failing") -> None:
    async with PracticeHttp([Webhooks(outbox_path(home))]) as server:
        channel = WebhookChannel(Reach(practice=server.host))
        told = story(chapter(title=title))
        for name in names:
            await post(channel, message(channel, f"http://{server.host}/webhook/{name}", told=told, keys=(SECRET,)))
        await channel.close()


async def test_before_the_first_call_it_says_what_to_do(client: httpx.AsyncClient) -> None:
    shown = unescape((await client.get("/practice/webhooks")).text)
    assert "No call yet" in shown
    assert "http://127.0.0.1:2580/webhook/" in shown
    for behaviour in BEHAVIOURS:
        assert f"<code>{behaviour.name}</code>" in shown
        assert behaviour.does[1:] in shown


async def test_calls_are_listed_newest_first_and_opened_one_by_one(client: httpx.AsyncClient, tmp_path: Path) -> None:
    await fill(tmp_path, "acme", "gone", title='<script>alert("x")</script>')
    listed = (await client.get("/practice/webhooks")).text
    assert listed.index(">gone</span>") < listed.index(">acme</span>")
    assert ">410<" in listed
    assert "<script>alert" not in listed
    opened = (await client.get("/practice/webhooks/1")).text
    assert "webhook-signature: v1," in opened
    assert "&#34;status&#34;: &#34;investigating&#34;" in opened
    assert "<script>alert" not in opened
    assert (await client.get("/practice/webhooks/99")).status_code == 404


async def test_older_calls_are_on_the_next_page(client: httpx.AsyncClient, tmp_path: Path) -> None:
    await fill(tmp_path, *[f"r{number}" for number in range(60)])
    first = (await client.get("/practice/webhooks")).text
    assert first.count('class="to"') == 50
    older = first.split('">Older</a>')[0].rsplit('href="', 1)[1]
    assert (await client.get(older)).text.count('class="to"') == 10
