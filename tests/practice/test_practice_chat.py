"""/practice/chat: rooms with their threads, what was asked, and nothing that a title holds is run."""

from __future__ import annotations

from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from chat_to_send import accepted, chat_channel, send_to, version
from mail_to_send import chapter
from tocsin.domain.incident import Phase, Status
from tocsin.practice.chat import ChatServices
from tocsin.practice.chat_behaviour import BEHAVIOURS
from tocsin.practice.http import PracticeHttp
from tocsin.practice.outbox import outbox_path
from tocsin.services.hint import Hints
from tocsin.services.policy import load_policy
from tocsin.settings import Settings
from tocsin.store.engine import make_engine
from tocsin.web.deps import Site
from tocsin.web.pages import practice_chat

HOOK = "https://hooks.slack.com/services/T0/B0/"
FLOW = "https://x.logic.azure.com/workflows/{}/triggers/manual/paths/invoke?sig=abc"


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Ask the page alone: it needs neither database nor broker."""
    settings = Settings(home=tmp_path, practice=True, brand="Acme")
    engine = make_engine("postgresql://nobody@127.0.0.1:9/none", pool_size=1)
    hints = Hints("redis://127.0.0.1:9/0")
    app = FastAPI()
    app.include_router(practice_chat.router)
    app.state.site = Site(settings, load_policy(), engine, hints, {})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://tocsin") as asking:
        yield asking
    hints.close()
    await engine.dispose()


async def test_an_empty_room_says_what_to_do(client: httpx.AsyncClient) -> None:
    shown = (await client.get("/practice/chat")).text
    assert "No message yet" in shown
    assert "slack:#incidents" in shown


async def test_the_table_of_misbehaving_rooms_is_the_look_alikes_own(client: httpx.AsyncClient) -> None:
    shown = unescape((await client.get("/practice/chat")).text)
    for behaviour in BEHAVIOURS:
        assert f"<dt><code>{behaviour.name}</code></dt>" in shown
        assert behaviour.does[1:] in shown


@pytest.mark.parametrize("method", ["conversations.history", "conversations.replies", "chat.update"])
async def test_a_room_is_read_and_changed_by_its_id_alone(method: str, tmp_path: Path) -> None:
    token = {"Authorization": "Bearer xoxb-1"}
    async with PracticeHttp([ChatServices(outbox_path(tmp_path))]) as server, httpx.AsyncClient(headers=token) as ask:
        api = f"http://{server.host}/api"
        posted = (await ask.post(f"{api}/chat.postMessage", json={"channel": "#here", "text": "hello"})).json()
        told = {"ts": posted["ts"], "text": "hello again"}
        answers = [
            (await ask.post(f"{api}/{method}", json={"channel": channel, **told})).json()
            for channel in ("#here", posted["channel"])
        ]
    assert [answer.get("error") for answer in answers] == ["channel_not_found", None]


async def test_rooms_show_threads_cards_and_requests(client: httpx.AsyncClient, tmp_path: Path) -> None:
    async with PracticeHttp([ChatServices(outbox_path(tmp_path))]) as server:
        channel = chat_channel(f"http://{server.host}")
        first = accepted(await send_to(channel, "slack:#incidents"))
        over = version(2, body="It is **over**.", status=Status.RESOLVED, phase=Phase.RESOLVED)
        accepted(await send_to(channel, "slack:#incidents", over, first.thread))
        accepted(await send_to(channel, FLOW.format("support"), chapter(body="- *one*\n- `two`")))
        await send_to(channel, HOOK + "busy")
        await channel.close()
    shown = unescape((await client.get("/practice/chat")).text)
    assert "2 rooms" in shown
    assert "<h4>✓ Checkout is failing</h4>" in shown
    assert "It is <b>over</b>." in shown
    assert "edited once" in shown
    assert "also sent to the channel" in shown
    assert "<i>one</i>" in shown
    assert "<code>two</code>" in shown
    assert ">Status page</a>" in shown
    assert "busy: 429 rate_limited" in shown


async def test_what_a_title_holds_is_shown_and_not_run(client: httpx.AsyncClient, tmp_path: Path) -> None:
    told = chapter(title="<script>alert('ü')</script>", body="[x](javascript:alert(1)) <img src=x>")
    async with PracticeHttp([ChatServices(outbox_path(tmp_path))]) as server:
        channel = chat_channel(f"http://{server.host}")
        for address in ("slack:#incidents", HOOK + "ops", FLOW.format("ops")):
            accepted(await send_to(channel, address, told))
        await channel.close()
    shown = (await client.get("/practice/chat")).text
    assert "<script>alert" not in shown
    assert "&lt;script&gt;alert" in shown
    assert 'href="javascript' not in shown
    assert "<img" not in shown
