"""/practice/mail: found, shown, and shut in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from mail_to_send import chapter, email_channel, messages_to, post, story
from tocsin.domain.errors import AddressDead
from tocsin.practice.behaviour import BEHAVIOURS
from tocsin.practice.outbox import outbox_path
from tocsin.practice.smtp import PracticeServer
from tocsin.services.hint import Hints
from tocsin.services.policy import load_policy
from tocsin.settings import Settings
from tocsin.store.engine import make_engine
from tocsin.web.deps import Site
from tocsin.web.pages import practice_mail


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Ask the practice pages alone: they need neither database nor broker."""
    settings = Settings(home=tmp_path, practice=True, brand="Acme")
    engine = make_engine("postgresql://nobody@127.0.0.1:9/none", pool_size=1)
    hints = Hints("redis://127.0.0.1:9/0")
    app = FastAPI()
    app.include_router(practice_mail.router)
    app.state.site = Site(settings, load_policy(), engine, hints, {})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://tocsin") as asking:
        yield asking
    hints.close()
    await engine.dispose()


async def fill(home: Path, *addresses: str) -> None:
    async with PracticeServer(outbox_path(home)) as server:
        channel = email_channel(server.port, connections=1)
        results = await post(channel, *addresses)
        assert not any(isinstance(result, AddressDead) for result in results)
        await channel.close()


async def test_an_empty_outbox_says_what_to_do(client: httpx.AsyncClient) -> None:
    shown = await client.get("/practice/mail")
    assert shown.status_code == 200
    assert "No message yet" in shown.text
    assert "Post an incident" in shown.text


async def test_the_table_of_misbehaving_addresses_is_the_servers_own(client: httpx.AsyncClient) -> None:
    shown = unescape((await client.get("/practice/mail")).text)
    for behaviour in BEHAVIOURS:
        assert f"<code>{behaviour.local_part}@…</code>" in shown
        assert behaviour.does[1:] in shown


async def test_the_newest_come_first_and_the_rest_page_by_page(client: httpx.AsyncClient, tmp_path: Path) -> None:
    await fill(tmp_path, *[f"reader{number}@example.com" for number in range(120)])
    seen: list[str] = []
    address: str | None = "/practice/mail"
    while address:
        shown = (await client.get(address)).text
        assert "120 messages" in shown
        seen += [piece.split("<")[0] for piece in shown.split('<span class="to">')[1:]]
        address = (
            shown.split('">Older</a>')[0].rsplit('href="', 1)[1].replace("&amp;", "&") if "Older" in shown else None
        )
    assert seen == [f"reader{number}@example.com" for number in reversed(range(120))]


@pytest.mark.parametrize(
    ("search", "count"), [("reader7@", 1), ("READER", 12), ("checkout is", 12), ("100%", 0), ("m3a7", 1)]
)
async def test_messages_are_found_by_recipient_subject_and_message_id(
    search: str, count: int, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    await fill(tmp_path, *[f"reader{number}@example.com" for number in range(12)])
    shown = (await client.get("/practice/mail", params={"q": search})).text
    assert shown.count('<span class="to">') == count
    assert ("Nobody got anything like that" in shown) == (count == 0)


async def test_one_message_is_shown_rendered_as_text_and_with_its_headers(
    client: httpx.AsyncClient, tmp_path: Path
) -> None:
    await fill(tmp_path, "hangup@example.com")
    shown = await client.get("/practice/1")
    assert "List-Unsubscribe-Post" in shown.text
    assert "We see **failed payments**" in shown.text
    assert "hangs up instead of answering" in shown.text
    assert '<iframe class="mail" src="/practice/1/html"' in shown.text
    assert "frame-src 'self'" in shown.headers["content-security-policy"]
    raw = await client.get("/practice/1/raw")
    assert raw.headers["content-type"] == "message/rfc822"
    assert raw.content.startswith(b"Date: ")


async def test_a_mail_in_its_frame_can_do_nothing(client: httpx.AsyncClient, tmp_path: Path) -> None:
    await fill(tmp_path, "ada@example.com")
    framed = await client.get("/practice/1/html")
    assert "Checkout is failing" in framed.text
    allowed = framed.headers["content-security-policy"]
    assert allowed.startswith("sandbox ")
    assert "allow-scripts" not in allowed
    assert "allow-same-origin" not in allowed
    assert "default-src 'none'" in allowed


async def test_what_a_title_holds_is_shown_and_not_run(client: httpx.AsyncClient, tmp_path: Path) -> None:
    async with PracticeServer(outbox_path(tmp_path)) as server:
        channel = email_channel(server.port)
        letter = channel.render(story(chapter(title="<script>alert('ü')</script>")))
        await channel.send(messages_to(["ada@example.com"], letter), lambda _index, _result: None)
        await channel.close()
    for address in ("/practice/mail", "/practice/1", "/practice/1/html"):
        shown = (await client.get(address)).text
        assert "<script>alert" not in shown
        assert "&lt;script&gt;alert" in shown


async def test_no_number_is_too_large(client: httpx.AsyncClient, tmp_path: Path) -> None:
    async with PracticeServer(outbox_path(tmp_path)):
        for address in (f"/practice/{2**63}", f"/practice/{2**63}/html", f"/practice/{2**63}/raw"):
            assert (await client.get(address)).status_code == 404
        assert (await client.get("/practice/mail", params={"before": 2**63})).status_code == 200


@pytest.mark.parametrize("address", ["/practice/7", "/practice/7/html", "/practice/7/raw"])
async def test_what_is_not_there_is_404(address: str, client: httpx.AsyncClient) -> None:
    assert (await client.get(address)).status_code == 404
