"""What visitors see and do, in a real browser."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, Route, ViewportSize, expect

from browsing import DESK, PHONE, overflow, serious, shifted
from delivery.world import World
from page_samples import NOW, component, group, in_german, incident, page, update
from tocsin.domain.component import ComponentStatus
from tocsin.domain.incident import Status
from tocsin.domain.page import Page as PublicPage
from tocsin.domain.tokens import Signer
from tocsin.domain.uptime import Span
from tocsin.settings import Settings
from tocsin_channels.status_page.render import render
from tocsin_channels.status_page.write import write

DOWN, PARTLY = ComponentStatus.MAJOR_OUTAGE, ComponentStatus.PARTIAL_OUTAGE
PAGES = ("/", "/history", "/incidents/inc000000001", "/incidents/unknown")
LONG = "Donaudampfschifffahrtsgesellschaftskapitänszahlungsabwicklungsschnittstelle"


def busy_page(minutes: int = 0) -> PublicPage:
    """Return a page on a bad day, with long names in it."""
    known = (("pay", LONG, ComponentStatus.OPERATIONAL, PARTLY),)
    told = [
        update("Wir **arbeiten** daran.\n\n- eins\n- zwei", Status.IDENTIFIED, components=known, id_="upd000000002"),
        update("We look into it. See [what to do](https://example.com/x).", at=NOW - timedelta(hours=1)),
    ]
    back = group("back")
    spans = [Span(NOW - timedelta(days=back_), NOW - timedelta(days=back_, hours=-3), PARTLY) for back_ in (3, 9, 40)]
    shown = page(
        components=[
            component("api", DOWN, spans=spans),
            component("pay", PARTLY, name=LONG, group=back.id),
            *(component(f"c{n}", group=back.id) for n in range(8)),
        ],
        groups=[back],
        incidents=[
            incident(f"{LONG} ist gestört", *told, next_update_at=NOW + timedelta(minutes=30)),
            incident("Old", update("Over.", Status.RESOLVED, at=NOW - timedelta(days=2)), id_="inc000000002"),
        ],
        rendered_at=NOW + timedelta(minutes=minutes),
    )
    return in_german(shown)


async def test_someone_unsubscribes(site: str, tab: Page, world: World, settings: Settings) -> None:
    endpoint = await world.person("ada@example.com")
    token = Signer(settings.secret.get_secret_value(), "unsubscribe").make(endpoint)
    await tab.goto(f"{site}/unsubscribe/{token}")
    assert await serious(tab) == []
    await tab.get_by_role("button", name="Stop all e-mails").click()
    await expect(tab.get_by_role("heading", name="You get no more e-mails from us.")).to_be_visible()
    assert await world.rows("SELECT state::text FROM endpoint WHERE id = :id", id=endpoint) == [("opted_out",)]


async def test_the_status_page_stays_current_without_a_reload(site: str, tab: Page, settings: Settings) -> None:
    write(settings.page_directory, render(busy_page()))
    await tab.goto(f"{site}/")
    await expect(tab.get_by_role("heading", name="Api is down.")).to_be_visible()
    await tab.evaluate("window.stillHere = true")
    await tab.get_by_text("1 earlier update").click()
    link = tab.get_by_role("link", name="what to do")
    await link.focus()
    write(settings.page_directory, render(page(components=busy_page().components[1:], groups=busy_page().groups,
                                               incidents=busy_page().incidents,
                                               rendered_at=NOW + timedelta(minutes=1))))  # fmt: skip
    await tab.evaluate("refresh(document.getElementById('main'))")
    await expect(tab.get_by_role("heading", name=f"{LONG} is partly down.")).to_be_visible()
    await expect(link).to_be_focused()  # what was opened stays open, and who was there stays there
    assert await tab.evaluate("window.stillHere") is True


async def test_the_first_page_comes_by_itself(site: str, tab: Page, settings: Settings) -> None:
    await tab.goto(f"{site}/")
    await expect(tab.get_by_role("heading", name="The status page is being made.")).to_be_visible()
    write(settings.page_directory, render(page()))
    await expect(tab.get_by_role("heading", name="Everything is working.")).to_be_visible(timeout=15_000)


async def test_times_are_told_in_the_visitors_own_zone(site: str, browser: Browser, settings: Settings) -> None:
    write(settings.page_directory, render(busy_page()))
    async with await browser.new_context(timezone_id="Asia/Tokyo") as context:
        tab = await context.new_page()
        await tab.goto(f"{site}/incidents/inc000000001")
        told = tab.locator("time").first
        await expect(told).to_contain_text("20:31")
        assert await told.get_attribute("datetime") == "2026-11-21T11:31:00Z"


async def test_the_page_speaks_german_to_those_who_want_it(site: str, browser: Browser, settings: Settings) -> None:
    write(settings.page_directory, render(busy_page()))
    async with await browser.new_context(timezone_id="Europe/Berlin") as context:
        tab = await context.new_page()
        await tab.clock.set_fixed_time(NOW + timedelta(minutes=10))
        await tab.goto(f"{site}/incidents/inc000000001")
        await tab.get_by_role("link", name="Deutsch").click()
        lead = tab.locator(".lead")
        await expect(lead).to_contain_text("Ursache gefunden, offen seit 21. Nov., 12:31 MEZ.")
        await expect(lead).to_contain_text("Nächste Meldung bis 14:01 MEZ (in 20 min).")
        await expect(lead.locator("time").first).to_have_attribute("title", re.compile("21. November 2026"))
        for link, heading in (("Verlauf", "Verlauf"), ("Aktueller Stand", "Api ist ausgefallen.")):
            await tab.get_by_role("link", name=link).click()
            await expect(tab.get_by_role("heading", level=1)).to_contain_text(heading)
        await tab.clock.set_fixed_time(NOW + timedelta(days=3, hours=1))
        await tab.reload()
        await expect(tab.locator(".promise")).to_contain_text("(vor 3 Tagen)")


async def test_everything_is_there_without_script(site: str, browser: Browser, settings: Settings) -> None:
    write(settings.page_directory, render(busy_page()))
    async with await browser.new_context(java_script_enabled=False) as context:
        tab = await context.new_page()
        await tab.goto(f"{site}/")
        await expect(tab.get_by_role("heading", name="Api is down.")).to_be_visible()
        await expect(tab.get_by_text("13:01 UTC").first).to_be_visible()
        await tab.get_by_text("1 earlier update").click()
        await expect(tab.get_by_text("We look into it.")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
async def test_everyone_can_use_the_public_pages(
    site: str, browser: Browser, settings: Settings, scheme: Any, size: Any
) -> None:
    write(settings.page_directory, render(busy_page()))
    async with await browser.new_context(color_scheme=scheme, viewport=size) as context:
        tab = await context.new_page()
        for path in (*PAGES, *(f"/de{path}" for path in PAGES), "/console/sign-in"):
            await tab.goto(f"{site}{path}")
            assert await serious(tab) == [], path
            assert await overflow(tab) <= 0, path
            assert await shifted(tab) < 0.02, path


@pytest.mark.parametrize("path", ["/", "/de/"])
async def test_nothing_moves_where_the_script_comes_late(
    site: str, browser: Browser, settings: Settings, path: str
) -> None:
    async def late(route: Route) -> None:
        await asyncio.sleep(0.5)
        await route.continue_()

    write(settings.page_directory, render(busy_page()))
    phone = ViewportSize(width=PHONE["width"], height=PHONE["height"])
    async with await browser.new_context(viewport=phone) as context:
        tab = await context.new_page()
        await tab.route("**/*.js", late)
        await tab.goto(f"{site}{path}")
        await expect(tab.locator(".promise")).to_contain_text("(")  # it has said how long ago that was
        assert await shifted(tab) < 0.02


@pytest.mark.parametrize(("path", "said"), [("/", "No connection since"), ("/de/", "Keine Verbindung seit")])
async def test_a_lost_connection_is_said_in_words(
    site: str, browser: Browser, settings: Settings, path: str, said: str
) -> None:
    write(settings.page_directory, render(busy_page()))
    async with await browser.new_context() as context:
        tab = await context.new_page()
        await tab.clock.install()
        await tab.goto(f"{site}{path}")
        await context.set_offline(True)
        await tab.clock.run_for(31_000)
        await expect(tab.get_by_role("status")).to_contain_text(said)
        await expect(tab.get_by_role("heading", name=re.compile("^Api ist? ")).first).to_be_visible()
        await context.set_offline(False)
        await tab.clock.run_for(31_000)
        await expect(tab.get_by_role("status")).to_be_empty()


def test_the_stylesheet_is_small() -> None:
    root = Path(__file__).parents[3] / "src/tocsin/web/static"
    assert (root / "tocsin.css").stat().st_size < 20_000
    assert (root / "tocsin.js").stat().st_size < 10_000
