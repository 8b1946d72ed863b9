"""Operators see at the console how a provider fares, since when and why, and switch it on, off or to auto."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from playwright.async_api import Browser, Page, expect

from browsing import DESK, PHONE, overflow, serious, shifted
from delivery.two_servers import WRONG_PASSWORD, TwoServers, two_servers
from delivery.world import World
from joining import read
from tocsin.domain.channel import ChannelName
from web.pages.conftest import OPERATOR
from web.pages.test_console_in_a_browser import sign_in

FIRST = "/console/channels/email/providers/first"


@pytest.fixture
async def two(app: FastAPI, world: World, tmp_path: Path) -> AsyncIterator[TwoServers]:
    """Return two servers that carry the mail of the application, the first of which stands first."""
    async with two_servers(world, tmp_path) as made:
        app.state.site.channels[ChannelName.EMAIL] = made.channel
        yield made


async def fail(two: TwoServers) -> None:
    """Let the first server be stopped, and be asked in vain a quarter of an hour later."""
    await two.world.crowd(12)
    two.first.answers = dict(WRONG_PASSWORD)
    await two.world.say("It is broken.")
    await two.world.spread()
    await two.world.deliver(two.way)
    await two.later(900)
    await two.providers.ask("first")


async def post(console: httpx.AsyncClient, path: str = FIRST, **fields: str) -> httpx.Response:
    [token, *_] = re.findall(r'name="csrf" value="([^"]*)"', (await console.get("/console/mutes")).text)
    return await console.post(path, data={"csrf": token, **fields})


async def test_a_stopped_provider_says_since_when_why_and_how_it_goes_on(
    console: httpx.AsyncClient, two: TwoServers
) -> None:
    await fail(two)
    said = read(await console.get(FIRST))
    for part in (
        "It is stopped: nothing goes by it. It is asked again",
        "What is due goes by second.",
        "15 min ago",
        "of 12 messages 12 our fault: The SMTP server refused us: 535",
        "2 times in a row",
        "breaker closed → open",
        "breaker still open",
        "auto: health decides",
    ):
        assert part in said, (part, said)
    assert "0 of 100 while nothing goes to it" in said
    assert " 100 of 100" not in said
    assert "health 100" not in read(await console.get("/console/channels")).split("second")[0]


@pytest.mark.parametrize(
    ("to", "stands"),
    [
        ("off", "Nothing goes by it, because an operator wants it so. What is due goes by second."),
        ("on", "It is used whatever its health, because an operator wants it so."),
    ],
)
async def test_what_is_wanted_is_asked_done_on_record_and_undone(
    console: httpx.AsyncClient, two: TwoServers, to: str, stands: str
) -> None:
    asked = read(await console.get(f"{FIRST}?to={to}"))
    assert "Leave it as it is" in asked
    assert await two.world.rows("SELECT wish FROM provider WHERE name = 'first' AND wish <> 'auto'") == []
    assert (await post(console, to=to)).status_code == 303
    said = read(await console.get(FIRST))
    assert stands in said
    assert f"state auto → {to}" in said
    assert OPERATOR in said
    assert await two.world.rows("SELECT wish FROM provider WHERE name = 'first'") == [(to,)]
    await post(console, to="auto")
    assert "It is used as its health allows." in read(await console.get(FIRST))
    assert "Leave it as it is" not in read(await console.get(f"{FIRST}?to=auto")), "so it stands already"


async def test_whoever_stops_the_last_one_reads_that_all_waits(console: httpx.AsyncClient, two: TwoServers) -> None:
    assert two.second.port
    await post(console, FIRST.replace("first", "second"), to="off")
    assert "Nobody else carries email now: what is due is held" in read(await console.get(f"{FIRST}?to=off"))


async def test_a_weight_is_set_and_one_that_is_none_is_kept_and_explained(
    console: httpx.AsyncClient, two: TwoServers, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    hinted: list[ChannelName] = []
    monkeypatch.setattr(app.state.site.hints, "deliver", hinted.append)
    assert (await post(console, weight="30")).status_code == 303
    assert hinted == [ChannelName.EMAIL], "what is due may go by it now"
    assert "30 (100 in the settings)" in read(await console.get(FIRST))
    for wrong in ("", "-1", "1001", "much", "³"):
        answer = await post(console, weight=wrong)
        assert (answer.status_code, "A weight is a whole number from 0 to 1,000." in read(answer)) == (422, True)
        assert not wrong or f'value="{wrong}"' in answer.text
    assert await two.world.rows("SELECT weight FROM provider WHERE name = 'first'") == [(30,)]


async def test_what_is_not_there_or_no_wish_changes_nothing(console: httpx.AsyncClient, two: TwoServers) -> None:
    for path in (
        FIRST.replace("first", "third"),
        FIRST.replace("email", "pigeon"),
        "/console/channels/webhook/providers/x",
    ):
        assert (await console.get(path)).status_code == 404
        assert (await post(console, path, to="off")).status_code == 404
        wrong = await post(console, path, weight="much")
        assert (wrong.status_code, wrong.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert (await post(console, to="gone")).status_code == 404
    assert await two.world.rows("SELECT count(*) FROM provider_change") == [(0,)]


async def test_the_keyboard_alone_switches_one_off(site: str, tab: Page, two: TwoServers, operator: str) -> None:
    assert operator == OPERATOR
    await sign_in(tab, site, "/console/channels")
    await tab.get_by_role("link", name="first").focus()
    await tab.keyboard.press("Enter")
    await tab.get_by_role("link", name="Send nothing by it").focus()
    await tab.keyboard.press("Enter")
    await expect(tab.get_by_role("heading", name="Send nothing by first?")).to_be_visible()
    await tab.get_by_role("button", name="Switch off first").focus()
    await tab.keyboard.press("Enter")
    await expect(tab.get_by_text("Nothing goes by it, because an operator wants it so.")).to_be_visible()
    assert await two.world.rows("SELECT wish FROM provider WHERE name = 'first'") == [("off",)]


async def test_everyone_can_use_it_on_any_screen(site: str, browser: Browser, two: TwoServers, operator: str) -> None:
    assert operator == OPERATOR
    await fail(two)
    for scheme, size in (("light", PHONE), ("dark", PHONE), ("light", DESK), ("dark", DESK)):
        async with await browser.new_context(viewport=size, color_scheme=scheme) as context:  # type: ignore[arg-type]
            tab = await context.new_page()
            await sign_in(tab, site, "/console/channels")
            for path in ("/console/channels", FIRST, f"{FIRST}?to=off"):
                await tab.goto(f"{site}{path}")
                assert await serious(tab) == [], path
                assert await overflow(tab) <= 0, path
                assert await shifted(tab) < 0.02, path
