"""One tap, in a real browser: only the push service of its maker, which cannot be reached here, is the practice one."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect
from pydantic import SecretStr

from browsing import overflow, serious, shifted
from delivery.world import World
from mail_to_send import chapter, story
from page_samples import component, in_german, incident, page
from pushed_tab import Delivered, change_subscription, hands_out, tap_on, worker_of
from pushes import PRIVATE_KEY, Practice, practising, send
from pushes import message as message_to
from tocsin.domain.component import ComponentStatus
from tocsin.domain.incident import Phase, Status
from tocsin.domain.page import Page as PublicPage
from tocsin.domain.story import Chapter
from tocsin.domain.vapid_key import public_key
from tocsin.practice.push_browser import subscription_of
from tocsin.sections import Push, Webhook
from tocsin.settings import Settings
from tocsin_channels.status_page.render import render
from tocsin_channels.status_page.write import write

OFFER = "Notify this browser"


@pytest.fixture
async def practice(tmp_home: Path) -> AsyncIterator[Practice]:
    async with practising(tmp_home, seconds=30) as made:
        yield made


@pytest.fixture
def settings(settings: Settings, practice: Practice) -> Settings:
    push = Push(private_key=SecretStr(PRIVATE_KEY))
    return settings.model_copy(update={"push": push, "webhook": Webhook(practice_host=practice.host)})


@pytest.fixture
def shown(settings: Settings) -> PublicPage:
    made = page(components=[component("api", ComponentStatus.MAJOR_OUTAGE)], incidents=[incident("Mail is late")])
    with_key = in_german(replace(made, push_key=settings.push.public_key))
    write(settings.page_directory, render(with_key))
    return with_key


@pytest.fixture
async def context(browser: Browser, settings: Settings) -> AsyncIterator[BrowserContext]:
    made = await browser.new_context(viewport={"width": 360, "height": 740}, locale="de-DE")
    await made.grant_permissions(["notifications"], origin=settings.url)
    yield made
    await made.close()


@pytest.fixture
async def tab(context: BrowserContext) -> AsyncIterator[Page]:
    made = await context.new_page()
    complaints: list[str] = []
    made.on("pageerror", lambda error: complaints.append(str(error)))
    made.on("console", lambda said: complaints.append(said.text) if "Content Security Policy" in said.text else None)
    yield made
    assert complaints == []


def subscription(practice: Practice, name: str = "phone") -> dict[str, Any]:
    return subscription_of(name, practice.host).as_object() | {"expirationTime": None}


async def note(practice: Practice, *chapters: Chapter) -> str:
    """Return what a browser finds in a message that went its whole way, opened."""
    address = json.dumps({name: subscription(practice)[name] for name in ("endpoint", "keys")}, separators=(",", ":"))
    await send(practice.channel, message_to(practice.channel, address, story(*chapters)))
    return practice.got("phone")[0].opened


GERMAN = ("Hier benachrichtigen", "Nicht mehr benachrichtigen", "Dieser Browser wird benachrichtigt, wenn sich")


@pytest.mark.parametrize(
    ("path", "offer", "end", "told"),
    [
        ("/", OFFER, "Stop notifying it", "This browser is notified when something changes."),
        ("/de/", *GERMAN),
        ("/subscribe", *GERMAN),  # which is in the browser's language
    ],
)
async def test_a_tap_notifies_this_browser_and_another_ends_it(
    site: str, tab: Page, context: BrowserContext, shown: PublicPage, practice: Practice, world: World,
    path: str, offer: str, end: str, told: str,
) -> None:  # fmt: skip
    assert shown.push_key == public_key(PRIVATE_KEY)
    await hands_out(context, subscription(practice))
    await tab.goto(f"{site}{path}")
    assert await serious(tab) == []
    assert await shifted(tab) < 0.01
    assert await overflow(tab) <= 0
    await tab.get_by_role("button", name=offer).click()
    await expect(tab.get_by_text(told)).to_be_visible()
    await expect(tab.get_by_role("button", name=end)).to_be_focused()
    rows = await world.rows(
        "SELECT address_key, state::text, s.locale FROM endpoint e JOIN subscriber s ON s.id = e.subscriber_id "
        "WHERE channel = 'push'"
    )
    assert rows == [(subscription(practice)["endpoint"], "active", "de-DE")]
    await tab.evaluate("refresh(document.getElementById('main'))")  # what is refreshed leaves the offer as it is
    await tab.reload()
    await tab.get_by_role("button", name=end).click()
    await expect(tab.get_by_role("button", name=offer)).to_be_enabled()
    assert await world.rows("SELECT state::text FROM endpoint WHERE channel = 'push'") == [("opted_out",)]


async def test_what_is_pushed_is_shown_once_and_the_newest_last(
    site: str, tab: Page, context: BrowserContext, shown: PublicPage, practice: Practice
) -> None:
    assert shown.push_key
    await hands_out(context, subscription(practice))
    await tab.goto(f"{site}/incidents/inc000000001")
    await tab.evaluate("navigator.serviceWorker.register('/sw.js').then(() => navigator.serviceWorker.ready)")
    phone = Delivered(tab, f"{site}/")
    opened = await note(practice, chapter(incident="one"))
    update = await note(practice, chapter(incident="one", version=2, body="We know why.", phase=Phase.UPDATE))
    other = chapter(incident="two", title="Mail is late")
    for data in (opened, update, opened, await note(practice, other)):  # the first comes once more, late
        await phone.push(data)
    seen = await phone.shows("Checkout is failing", "Mail is late")
    assert (seen["tag"], seen["lang"], seen["silent"]) == ("one", "en", True)
    assert seen["data"]["told"] == {"one": 2}
    assert "We know why." in seen["body"]
    over = chapter(incident="one", version=3, status=Status.RESOLVED, phase=Phase.RESOLVED)
    await phone.push(await note(practice, over, replace(other, version=2)))
    both = await phone.shows("Acme: 2 incidents")
    assert both["silent"] is False
    await phone.push("not JSON")
    await phone.shows("Acme: 2 incidents", "Es gibt etwas Neues")  # the browser's own language


BLOCKED = "Object.defineProperty(Notification, 'permission', {get: () => 'denied'})"


@pytest.mark.parametrize(
    ("script", "told", "offers"),
    [
        (BLOCKED, "This browser blocks notifications from here.", None),
        ("delete window.PushManager", "This browser cannot take notifications from a page.", None),
        (
            "delete window.PushManager; Object.defineProperty(navigator, 'userAgent', {get: () => 'iPhone'})",
            "add this page to the Home Screen",
            None,
        ),
        (
            "delete window.PushManager; Object.defineProperty(window, 'isSecureContext', {get: () => false})",
            "over https alone",
            None,
        ),
        ("localStorage.setItem('tocsin-push', 'on')", "have run out", "Notify this browser again"),
    ],
)
async def test_what_cannot_be_is_said_in_words(
    site: str, tab: Page, context: BrowserContext, shown: PublicPage, script: str, told: str, offers: str | None
) -> None:
    assert shown.push_key
    await context.add_init_script(script)
    await tab.goto(f"{site}/")
    await expect(tab.locator("#notify p")).to_contain_text(told)
    assert await serious(tab) == []
    button = tab.locator("#notify button")
    await (expect(button).to_have_text(offers) if offers else expect(button).to_be_hidden())


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("Notification.requestPermission = async () => 'denied'", "This browser blocks notifications from here."),
        ("Notification.requestPermission = async () => 'default'", "question was closed, so nothing changed"),
        ("PushManager.prototype.subscribe = async () => { throw new Error('no service') }", "own push service gave no"),
    ],
)
async def test_a_tap_that_leads_to_nothing_says_why(
    site: str, tab: Page, context: BrowserContext, shown: PublicPage, script: str, told: str
) -> None:
    assert shown.push_key
    await context.add_init_script(script)
    await tab.goto(f"{site}/")
    await tab.get_by_role("button", name=OFFER).click()
    await expect(tab.locator("#notify p")).to_contain_text(told)


@pytest.mark.parametrize(
    ("status", "told"), [(0, "We could not be reached"), (503, "We could not be reached"), (429, "asked too often")]
)
async def test_when_we_are_down_nothing_is_left_half_done(
    site: str, tab: Page, context: BrowserContext, shown: PublicPage, practice: Practice, status: int, told: str
) -> None:
    assert shown.push_key
    await hands_out(context, subscription(practice))
    await tab.route(
        "**/subscribe/push", lambda route: route.fulfill(status=status) if status else route.abort("connectionrefused")
    )
    await tab.goto(f"{site}/")
    await tab.get_by_role("button", name=OFFER).click()
    await expect(tab.locator("#notify p")).to_contain_text(told)
    await expect(tab.get_by_role("button", name=OFFER)).to_be_enabled()
    assert await tab.evaluate("localStorage.getItem('stub')") is None


async def test_a_tap_on_a_notification_opens_its_page_and_never_another_site(
    site: str, tab: Page, shown: PublicPage
) -> None:
    assert shown.push_key
    worker = await worker_of(tab, site)
    note_ = {"url": f"{site}/incidents/inc000000001", "stop": "/unsubscribe/abc"}
    assert await tap_on(worker, note_) == f"{site}/incidents/inc000000001"
    assert await tap_on(worker, note_, action="stop") == f"{site}/unsubscribe/abc"
    assert await tap_on(worker, {"url": "https://evil.example/"}) == f"{site}/"
    assert await tap_on(worker, {"url": "javascript:alert(1)"}) == f"{site}/"


async def test_a_browser_that_changes_its_subscription_is_written_to_at_the_new_one(
    site: str, tab: Page, shown: PublicPage, practice: Practice, world: World
) -> None:
    assert shown.push_key
    worker = await worker_of(tab, site)
    old, new = subscription(practice), subscription(practice, "laptop")
    await tab.evaluate(
        "(given) => fetch('/subscribe/push', {method: 'POST', headers: {'Content-Type': 'application/json'}, "
        "body: JSON.stringify({subscription: given})})",
        old,
    )
    await world.run("UPDATE endpoint SET least = 2 WHERE channel = 'push'")
    await change_subscription(worker, old, new)
    rows = await world.rows("SELECT address_key, state::text, least FROM endpoint WHERE channel = 'push'")
    assert rows == [(new["endpoint"], "active", 2)]
