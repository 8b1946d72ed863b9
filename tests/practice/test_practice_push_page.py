"""/practice/push: what browsers were sent, as a phone shows it, whatever is in it."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from mail_to_send import chapter, story
from pushes import practising
from tocsin.practice.push_behaviour import BEHAVIOURS
from tocsin.sections import Webhook
from tocsin.services.hint import Hints
from tocsin.services.policy import load_policy
from tocsin.settings import Settings
from tocsin.store.engine import make_engine
from tocsin.web.deps import Site
from tocsin.web.pages import practice_push


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Ask the page alone: it needs neither database nor broker."""
    settings = Settings(home=tmp_path, practice=True, brand="Acme", webhook=Webhook(practice_host="127.0.0.1:2580"))
    engine = make_engine("postgresql://nobody@127.0.0.1:9/none", pool_size=1)
    hints = Hints("redis://127.0.0.1:9/0")
    app = FastAPI()
    app.include_router(practice_push.router)
    app.state.site = Site(settings, load_policy(), engine, hints, {})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://tocsin") as asking:
        yield asking
    hints.close()
    await engine.dispose()


async def test_before_the_first_it_says_what_to_do(client: httpx.AsyncClient) -> None:
    shown = unescape((await client.get("/practice/push")).text)
    assert "No notification yet" in shown
    assert '"endpoint": "http://127.0.0.1:2580/push/phone"' in shown
    for behaviour in BEHAVIOURS:
        assert f"<code>{behaviour.name}</code>" in shown
        assert behaviour.does[1:] in shown


async def test_a_newer_message_replaces_an_older_one_of_its_incident(client: httpx.AsyncClient, tmp_path: Path) -> None:
    nasty = '<script>alert("x")</script>'
    async with practising(tmp_path) as practice:
        for number, title in ((1, "First words"), (2, nasty)):
            await practice.push("phone", told=story(chapter(version=number, title=title)))
        await practice.push("gone")
    shown = (await client.get("/practice/push?browser=phone")).text
    assert "<script>alert" not in shown
    assert shown.index("&lt;script&gt;") < shown.index("First words")
    assert shown.count("Replaced by a newer one.") == 1
    assert "high urgency, kept for 4 h" in shown
    last = (await client.get("/practice/push")).text
    assert "Answered 410" in last
    assert "push service answers 410: the subscription has ended" in last


async def test_what_a_browser_cannot_open_is_shown_as_that(client: httpx.AsyncClient, tmp_path: Path) -> None:
    async with practising(tmp_path) as practice:
        await practice.push("phone")
    with sqlite3.connect(tmp_path / "practice" / "outbox.sqlite") as database:
        database.execute("UPDATE push_message SET opened = ''")
    shown = (await client.get("/practice/push")).text
    assert "This browser cannot open what it was sent." in shown
    assert "cannot be opened" in shown


def test_the_documentation_has_the_same_table() -> None:
    told = (Path(__file__).parents[2] / "docs/channels.md").read_text()
    for behaviour in BEHAVIOURS:
        assert f"| `{behaviour.name}` | {behaviour.does} | {behaviour.then} |" in told
