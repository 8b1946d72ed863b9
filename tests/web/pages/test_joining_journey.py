"""The whole way of a subscriber, on the whole of `tocsin up`: join, confirm, hear, choose, snooze, leave."""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, Locator, Page, expect

from browsing import DESK, PHONE, overflow, serious
from tocsin.practice.outbox import outbox_path
from tocsin.practice.reading import Opened, find, read
from tocsin_up import Up, until

WORDS = {
    "en": ("Send me the link that confirms it", "Yes, send me incident updates", "Change what comes here",
           "Save what I chose", "Pause this incident", "You hear no more of this incident.",
           "Not sent: you asked to hear of graver incidents only."),
    "de": ("Link zum Bestätigen senden", "Ja, Störungsmeldungen senden", "Ändern, was hierher kommt",
           "Auswahl speichern", "Diese Störung pausieren", "Sie hören nichts mehr von dieser Störung.",
           "Nicht verschickt: Sie wollten nur von schwereren Störungen hören."),
}  # fmt: skip


@pytest.fixture(scope="module")
def up() -> Iterator[Up]:
    # Not pytest's own folder: its paths are too long for sockets.
    with (
        tempfile.TemporaryDirectory(prefix="tocsin-home-", ignore_cleanup_errors=True) as folder,
        Up(Path(folder) / "home", ("--port", "0", "--sample", "5")) as made,
    ):
        until(lambda: "Ready after" in made.output, "`tocsin up` is ready", seconds=170)
        yield made


async def mail(up: Up, to: str, about: str) -> Opened:
    """Return the newest mail to somebody whom no subject names, with `about` in its subject, once it is there."""
    outbox = outbox_path(up.home)
    for _ in range(600):
        for one in find(outbox, to).mails:
            if about in one.subject:
                opened = read(outbox, one.id)
                assert opened is not None
                return opened
        await asyncio.sleep(0.05)
    raise AssertionError(f"No mail about {about!r} came to {to}.")


async def can_be_used(tab: Page) -> None:
    assert await serious(tab) == []
    assert await overflow(tab) <= 0


async def came_lately(tab: Page, manage: str, title: str) -> Locator:
    """Return what the page says came of an incident, once the ledger has its row: a moment after it was posted."""
    told = tab.locator(".lately li", has_text=title)
    for _ in range(100):
        await tab.goto(manage)
        if await told.count():
            return told
    raise AssertionError(f"{manage} does not say what came of {title!r}.")


async def hears_nothing_lesser(up: Up, tab: Page, manage: str, who: str, title: str, slight: str) -> None:
    """Open an incident below the least severity that was chosen: it is not sent, and the page says why."""
    with up.client() as client:
        lesser = _post(client, "/v1/incidents", title=title, body="It is slow.", severity="sev3",
                       audiences=["customers"])  # fmt: skip
        await expect(await came_lately(tab, manage, title)).to_contain_text(slight)
        assert not [opened for opened in find(outbox_path(up.home), who).mails if "Search" in opened.subject]
        _post(client, f"/v1/incidents/{lesser['id']}/updates", body="It is fast.", status="resolved")


async def press(tab: Page, name: str, *, keyboard: bool) -> None:
    """Press a button, by keyboard where nothing else is to be used."""
    button = tab.get_by_role("button", name=name, exact=True).first
    if not keyboard:
        await button.click()
        return
    for _ in range(200):
        await tab.keyboard.press("Tab")
        if await button.evaluate("element => element === document.activeElement"):
            await tab.keyboard.press("Enter")
            return
    raise AssertionError(f"{name!r} cannot be reached by keyboard.")


@pytest.mark.parametrize(
    ("size", "language", "keyboard"),
    [(PHONE, "en", False), (DESK, "de", False), (DESK, "en", True)],
    ids=["phone-english", "desk-german", "keyboard-only"],
)
async def test_someone_joins_hears_chooses_snoozes_and_leaves(
    up: Up,
    browser: Browser,
    size: Any,
    language: str,
    keyboard: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    ask, agree, change, save, snooze, snoozed, slight = WORDS[language]
    one = f"{language}-{size['width']}-{keyboard}".lower()
    who, title = f"ada-{one}@example.com", f"Checkout {one}"
    async with await browser.new_context(viewport=size, locale=language) as context:
        tab = await context.new_page()
        await tab.goto(f"{up.url}/subscribe")
        await can_be_used(tab)
        await tab.locator("#email").focus()
        await tab.keyboard.type(who)
        await press(tab, ask, keyboard=keyboard)
        await tab.wait_for_url("**/subscribe/sent**")
        await can_be_used(tab)

        asked = await mail(up, who, "")
        [link] = re.findall(rf"{up.url}/confirm/[\w-]+(?=\s)", asked.text)
        await tab.goto(link)
        await can_be_used(tab)
        await press(tab, agree, keyboard=keyboard)
        await tab.wait_for_url("**/manage/**")
        await can_be_used(tab)
        manage = tab.url.partition("?")[0]

        with up.client() as client:
            opened = _post(client, "/v1/incidents", title=title, body="We look into it.", severity="sev2",
                           audiences=["customers"])  # fmt: skip
        heard = await mail(up, who, "Checkout")
        await tab.goto(manage)
        await expect(tab.get_by_text(title).first).to_be_visible()

        summary = tab.locator("summary", has_text=change)
        await summary.focus()
        await tab.keyboard.press("Enter")
        await tab.locator("select[name=least]").focus()
        await tab.keyboard.press("End")
        await can_be_used(tab)
        await press(tab, save, keyboard=keyboard)
        await tab.wait_for_url("**done=chosen**")

        await hears_nothing_lesser(up, tab, manage, who, f"Search {one}", slight)

        await tab.goto(manage)
        await press(tab, snooze, keyboard=keyboard)
        await expect(tab.get_by_text(snoozed)).to_be_visible()
        await can_be_used(tab)

        [leaving] = [value.strip("<>") for name, value in heard.headers if name == "List-Unsubscribe"]
        async with httpx.AsyncClient() as provider:
            left = await provider.post(leaving, data={"List-Unsubscribe": "One-Click"})
        assert left.status_code == 200
        await tab.goto(manage)
        await expect(tab.locator(".tag.degraded_performance")).to_be_visible()
        with up.client() as client:
            _post(client, f"/v1/incidents/{opened['id']}/updates", body="It is fixed.", status="resolved")


def _post(client: httpx.Client, path: str, **body: Any) -> dict[str, Any]:
    answer = client.post(path, json=body)
    assert answer.is_success, answer.text
    read_: dict[str, Any] = answer.json()
    return read_
