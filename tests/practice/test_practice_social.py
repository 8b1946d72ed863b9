"""/practice/social: posts as threads, requests as they came, and what misbehaves; and the look-alikes' own rules."""

from __future__ import annotations

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
import requests
import tweepy
from fastapi import FastAPI

from social_desk import URL, WORDING, Desk, accounts_at, make_story
from tocsin.domain.incident import Status
from tocsin.practice import social_behaviour as known
from tocsin.practice.bluesky import PracticeBluesky
from tocsin.practice.http import PracticeHttp
from tocsin.practice.mastodon import PracticeMastodon
from tocsin.practice.outbox import outbox_path
from tocsin.practice.x import PracticeX
from tocsin.services.hint import Hints
from tocsin.services.policy import load_policy
from tocsin.settings import Settings
from tocsin.store.engine import make_engine
from tocsin.web.deps import Site
from tocsin.web.pages import practice_mail, practice_social
from tocsin_channels.social.channel import SocialChannel
from tocsin_channels.social.thread import Restraint
from tocsin_channels.social.wire import in_thread


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Ask the practice pages alone: they need neither database nor broker."""
    settings = Settings(home=tmp_path, practice=True, brand="Acme")
    engine = make_engine("postgresql://nobody@127.0.0.1:9/none", pool_size=1)
    hints = Hints("redis://127.0.0.1:9/0")
    app = FastAPI()
    app.include_router(practice_social.router)
    app.include_router(practice_mail.router)
    app.state.site = Site(settings, load_policy(), engine, hints, {})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://tocsin") as asking:
        yield asking
    hints.close()
    await engine.dispose()


@pytest.fixture
async def networks(tmp_path: Path) -> AsyncIterator[str]:
    outbox = outbox_path(tmp_path)
    async with PracticeHttp([PracticeX(outbox), PracticeMastodon(outbox), PracticeBluesky(outbox)]) as server:
        yield f"http://127.0.0.1:{server.port}"


async def fill(url: str, *addresses: str) -> None:
    channel = SocialChannel(accounts_at(url), WORDING, restraint=Restraint(gap=0))
    desk = Desk(channel)
    await desk.send(make_story(title="<b>Checkout</b> & search"), *addresses)
    await desk.send(make_story("It works again.", status=Status.RESOLVED), *addresses)
    await channel.close()


async def test_an_empty_timeline_says_what_to_do(client: httpx.AsyncClient) -> None:
    shown = await client.get("/practice/social")
    assert shown.status_code == 200
    assert "No post yet" in shown.text
    assert "x:acme" in shown.text


async def test_posts_are_shown_as_threads_with_their_links(client: httpx.AsyncClient, networks: str) -> None:
    await fill(networks, "x:acme", "mastodon:@acme@example.social", "bluesky:acme.bsky.social")
    shown = (await client.get("/practice/social")).text
    assert "3 threads" in shown
    assert shown.count('<article class="card thread"') == 3
    assert shown.count(f'<a href="{URL}" rel="noreferrer">') == 3
    assert "&lt;b&gt;Checkout&lt;/b&gt; &amp; search" in shown
    for handle in ("@acme", "@acme@example.social", "@acme.bsky.social"):
        assert f"<b>{handle}</b>" in shown


async def test_a_request_is_shown_without_its_secrets(client: httpx.AsyncClient, networks: str) -> None:
    await fill(networks, "x:acme")
    shown = unescape((await client.get("/practice/social/1")).text)
    assert "Authorization: …" in shown
    assert '"text"' in shown
    assert "secret" not in shown
    assert (await client.get("/practice/social/999")).status_code == 404


async def test_the_table_of_misbehaving_accounts_is_the_networks_own(client: httpx.AsyncClient) -> None:
    shown = unescape((await client.get("/practice/social")).text)
    for behaviour in known.BEHAVIOURS:
        assert f"<code>{behaviour.name}</code>" in shown
        assert behaviour.does[1:] in shown


async def test_the_page_of_mail_is_still_where_it_was(client: httpx.AsyncClient) -> None:
    assert (await client.get("/practice/mail")).status_code == 200
    assert (await client.get("/practice/7")).status_code == 404


@pytest.mark.parametrize("place", range(4))
async def test_x_takes_a_signature_by_its_own_keys_alone(networks: str, place: int) -> None:
    keys = [known.CONSUMER_KEY, known.CONSUMER_SECRET, known.token_of("acme"), known.ACCESS_SECRET]

    def status(keys: list[str]) -> int:
        auth = cast("Any", tweepy.OAuth1UserHandler)(*keys).apply_auth()
        return requests.post(f"{networks}/2/tweets", json={"text": f"Hello {place}"}, auth=auth, timeout=5).status_code

    with ThreadPoolExecutor(1) as pool:
        assert await in_thread(pool, 5, "X", lambda: status(keys)) == 201
        wrong = [*keys[:place], "wrong", *keys[place + 1 :]]
        assert await in_thread(pool, 5, "X", lambda: status(wrong)) == 401


async def test_x_says_how_much_is_left(networks: str) -> None:
    async with httpx.AsyncClient(base_url=networks) as asking:
        unsigned = await asking.post("/2/tweets", json={"text": "Hello"})
    assert unsigned.status_code == 401
    assert unsigned.headers["x-rate-limit-limit"] == "100"
    assert unsigned.json()["title"] == "Unauthorized"
