"""What another site shows of the status page, in a real browser: nothing on good days, words on bad ones."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from playwright.async_api import Page, expect

from browsing import overflow, serious
from page_samples import component, in_german, page
from tocsin.domain.component import ComponentStatus
from tocsin.domain.page import Page as PublicPage
from tocsin_channels.status_page.render import render
from tocsin_channels.status_page.write import write

# A site that lets in our script and nothing that is written in the page.
POLICY = "default-src 'none'; script-src {site}; connect-src {site}"


def shown(status: ComponentStatus, *, name: str = "Api") -> PublicPage:
    return in_german(page(components=[component("api", status, name=name)]))


@pytest.fixture
async def shop(site: str) -> AsyncIterator[str]:
    """Return the address of another site, which shows ours as the query has it: "/?data-always"."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        attributes = unquote((await reader.readline()).decode().split(" ")[1].partition("?")[2])
        html = '<!doctype html><html lang="en"><title>Shop</title><main><h1>Shop</h1></main>'
        html += f'<script src="{site}/embed.js" {attributes}></script>'
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Security-Policy: {POLICY.format(site=site)}"
        writer.write(f"{head}\r\nConnection: close\r\n\r\n{html}".encode())
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


@pytest.fixture
async def refused(tab: Page) -> AsyncIterator[list[str]]:
    """Collect what the browser complains of; there must be nothing."""
    told: list[str] = []
    tab.on("console", lambda message: told.append(message.text) if message.type == "error" else None)
    yield told
    assert [one for one in told if "favicon" not in one] == []


@pytest.mark.usefixtures("refused")
async def test_another_site_says_what_is_wrong_and_links_to_it(site: str, shop: str, tab: Page, folder: Path) -> None:
    write(folder, render(shown(ComponentStatus.MAJOR_OUTAGE, name="<b>Api</b> " + "x" * 90)))
    await tab.goto(shop)
    box = tab.get_by_role("status")
    await expect(box).to_contain_text("<b>Api</b> xxx")
    assert await box.get_by_role("link").get_attribute("href") == f"{site}/"
    assert await serious(tab) == []
    assert await overflow(tab) == 0
    await box.get_by_role("button", name="Hide").click()
    await expect(box).to_be_hidden()


@pytest.mark.usefixtures("refused")
async def test_on_good_days_it_says_nothing_unless_it_is_asked_to(
    site: str, shop: str, tab: Page, folder: Path
) -> None:
    write(folder, render(shown(ComponentStatus.OPERATIONAL)))
    async with tab.expect_response(f"{site}/embed.json"):
        await tab.goto(shop)
    await expect(tab.get_by_role("status")).to_have_count(0)
    await tab.goto(f'{shop}?data-always data-lang="de"')
    await expect(tab.get_by_role("status")).to_contain_text("Alles ist in Betrieb.")
    assert await tab.get_by_role("status").get_by_role("link").get_attribute("href") == f"{site}/de/"


@pytest.mark.usefixtures("refused")
async def test_it_comes_and_goes_with_the_trouble(site: str, shop: str, tab: Page, folder: Path) -> None:
    await tab.clock.install()
    write(folder, render(shown(ComponentStatus.OPERATIONAL)))
    async with tab.expect_response(f"{site}/embed.json"):
        await tab.goto(shop)
    for status, words in (
        (ComponentStatus.PARTIAL_OUTAGE, "Api is partly down."),
        (ComponentStatus.OPERATIONAL, None),
        (ComponentStatus.DEGRADED_PERFORMANCE, "Api is slow."),
    ):
        write(folder, render(shown(status)))
        async with tab.expect_response(f"{site}/embed.json"):
            await tab.clock.run_for(60_000)
        box = tab.get_by_role("status")
        await (expect(box).to_contain_text(words) if words else expect(box).to_be_hidden())


def test_what_it_says_stays_the_same_for_as_long_as_nothing_changes() -> None:
    first = json.loads(render(shown(ComponentStatus.MAJOR_OUTAGE))["embed.json"])
    assert first == {"lang": "en", "state": "major_outage", "sentence": "Api is down.", "doing": "", "hide": "Hide"}


def test_the_script_is_read_alike_in_whatever_characters_a_server_says_it_is() -> None:
    assert render(page())["embed.js"].isascii()
