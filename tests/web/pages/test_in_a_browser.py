"""What people see and do, in a real browser: journeys, live pages, and that everyone can use them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from delivery.world import World
from page_samples import NOW, component, group, incident, page, update
from tocsin.domain.channel import Accepted, Message
from tocsin.domain.component import ComponentStatus
from tocsin.domain.errors import AddressDead, DeliveryError, GiveUp
from tocsin.domain.incident import Status
from tocsin.domain.page import Page as PublicPage
from tocsin.domain.tokens import Signer
from tocsin.domain.uptime import Span
from tocsin.settings import Settings
from tocsin_channels.status_page.render import render
from tocsin_channels.status_page.write import write
from web.pages.conftest import OPERATOR, PASSWORD

DOWN, PARTLY = ComponentStatus.MAJOR_OUTAGE, ComponentStatus.PARTIAL_OUTAGE
LONG = "Donaudampfschifffahrtsgesellschaftskapitänszahlungsabwicklungsschnittstelle"
PHONE = {"width": 360, "height": 740}


def busy_page(minutes: int = 0) -> PublicPage:
    """Return a page on a bad day, with long names in it."""
    told = [
        update("Wir **arbeiten** daran.\n\n- eins\n- zwei", Status.IDENTIFIED, id_="upd000000002"),
        update("We look into it. See [what to do](https://example.com/x).", at=NOW - timedelta(hours=1)),
    ]
    back = group("back")
    spans = [Span(NOW - timedelta(days=back_), NOW - timedelta(days=back_, hours=-3), PARTLY) for back_ in (3, 9, 40)]
    return page(
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


async def sign_in(tab: Page, site: str, path: str = "/console") -> None:
    await tab.goto(f"{site}{path}")
    await tab.get_by_label("E-mail address").fill(OPERATOR)
    await tab.get_by_label("Password").fill(PASSWORD)
    await tab.get_by_role("button", name="Sign in").click()
    await tab.wait_for_url(re.compile(r"/console/(?!sign-in)"))


async def refuse_some(world: World) -> None:
    """Let 40 people be written to, of whom a few are not to be found."""
    await world.crowd(40)

    def answer(message: Message) -> Accepted | DeliveryError:
        if "7@" in message.address:
            return AddressDead("550 5.1.1 no such user here", code=550)
        return Accepted("queued as 4711", 250)

    world.email.answer = answer


async def serious(tab: Page) -> list[str]:
    """Return what axe finds that would keep somebody from using the page."""
    found = await Axe().run(tab)
    violations = cast("Sequence[dict[str, Any]]", found.response["violations"])
    return [
        f"{one['id']}: {node['html'][:120]} {node.get('failureSummary', '')[:300]}"
        for one in violations
        if one["impact"] in {"serious", "critical"}
        for node in one["nodes"][:3]
    ]


async def shifted(tab: Page) -> float:
    """Return how much the layout has moved since the page began (CLS)."""
    moved: float = await tab.evaluate(
        """() => new Promise(done => {
          let sum = 0;
          const watch = new PerformanceObserver(list => {
            for (const entry of list.getEntries()) if (!entry.hadRecentInput) sum += entry.value;
          });
          watch.observe({type: "layout-shift", buffered: true});
          requestAnimationFrame(() => requestAnimationFrame(() => done(sum)));
        })"""
    )
    return moved


async def overflow(tab: Page) -> int:
    return int(await tab.evaluate("document.documentElement.scrollWidth - innerWidth"))


async def test_an_operator_watches_an_update_go_out_and_finds_out_why_some_did_not_get_it(
    site: str, tab: Page, world: World, operator: str
) -> None:
    assert operator == OPERATOR
    await refuse_some(world)
    said = await world.say("We see failed payments.", severity="sev1", texts={"oncall": "psp-gw-3 times out"})
    await world.spread()
    await sign_in(tab, site, f"/console/incidents/{said.ref}")
    await expect(tab.get_by_role("heading", name="Checkout is failing")).to_be_visible()
    await expect(tab.get_by_role("heading", name="Version 1: 0 of 41 sent")).to_be_visible()
    await expect(tab.get_by_text("psp-gw-3 times out")).to_be_visible()
    door = tab.get_by_role("link", name="0 of 40 sent")
    await door.focus()
    await world.deliver()
    # In place: the numbers change, the link that has the focus is still the same one.
    await expect(tab.get_by_role("heading", name="Version 1: 36 of 41 sent, 4 failed")).to_be_visible(timeout=10_000)
    assert "36 of 40 sent" in await tab.evaluate("document.activeElement.innerText")

    await tab.get_by_role("link", name="4 failed", exact=True).click()
    await expect(tab.locator("tbody tr")).to_have_count(4)
    await expect(tab.get_by_text("550 5.1.1 no such user here").first).to_be_visible()
    await expect(tab.get_by_text("the provider says that nobody is at this address").first).to_be_visible()
    await tab.locator("tbody a").first.click()
    await expect(tab.get_by_text("Not delivered: the provider says that nobody is at this address")).to_be_visible()
    await expect(tab.get_by_role("cell", name="address dead")).to_be_visible()
    await tab.get_by_role("button", name="Sign out").click()
    await expect(tab.get_by_role("heading", name="Sign in to Acme")).to_be_visible()


async def test_an_operator_gives_what_failed_a_second_try(site: str, tab: Page, world: World, operator: str) -> None:
    assert operator == OPERATOR
    await world.crowd(40)
    mended = False

    def answer(message: Message) -> Accepted | DeliveryError:
        is_refused = "7@" in message.address and not mended
        return GiveUp("554 5.7.1 looks like spam", code=554) if is_refused else Accepted("queued", 250)

    world.email.answer = answer
    said = await world.tell("We see failed payments.", severity="sev1")
    mended = True
    await sign_in(tab, site, f"/console/incidents/{said.ref}/deliveries?state=failed")
    await tab.locator("tbody a").first.click()
    await tab.get_by_role("button", name="Try this delivery again").click()
    await expect(tab.get_by_text("it goes out with the next batch")).to_be_visible()
    await world.deliver()
    await expect(tab.get_by_text("practice took it at")).to_be_visible(timeout=10_000)
    await tab.goto(f"{site}/console/incidents/{said.ref}/deliveries?state=failed")
    await tab.get_by_role("button", name="Try again what failed: 3 deliveries").click()
    await expect(tab.get_by_text("3 deliveries are being tried again.")).to_be_visible()
    await world.deliver()
    assert await world.states() == {"accepted": 40}


async def test_an_address_that_is_dead_gets_no_second_try(site: str, tab: Page, world: World, operator: str) -> None:
    assert operator == OPERATOR
    await refuse_some(world)
    said = await world.tell("We see failed payments.", severity="sev1")
    await sign_in(tab, site, f"/console/incidents/{said.ref}/deliveries?state=failed")
    await tab.locator("tbody a").first.click()
    async with tab.expect_response(lambda answer: answer.request.method == "POST") as posted:
        await tab.get_by_role("button", name="Try this delivery again").click()
    assert (await posted.value).status == 409
    await expect(tab.get_by_role("heading", name="The address is quarantined.")).to_be_visible()
    assert await world.states() == {"accepted": 36, "failed": 4}


async def test_every_number_on_the_board_opens_the_rows_that_it_counts(
    site: str, tab: Page, world: World, operator: str
) -> None:
    assert operator == OPERATOR
    await refuse_some(world)
    await world.person("paused@example.com", state="paused")
    said = await world.say("We see failed payments.", severity="sev1")
    await world.spread()
    await world.deliver()
    await sign_in(tab, site, f"/console/incidents/{said.ref}")
    doors = await tab.locator(".counts a").evaluate_all("all => all.map(a => [a.querySelector('b').innerText, a.href])")
    assert len(doors) == 4
    for number, address in doors:
        await tab.goto(address)
        await expect(tab.locator("tbody tr")).to_have_count(int(number))


async def test_long_lists_come_in_pages(site: str, tab: Page, world: World, operator: str) -> None:
    assert operator == OPERATOR
    await world.crowd(120)
    said = await world.say("We see failed payments.")
    await world.spread()
    await sign_in(tab, site, f"/console/incidents/{said.ref}/deliveries?channel=email")
    seen: list[str] = []
    for rows in (50, 50, 20):
        await expect(tab.locator("tbody tr")).to_have_count(rows)
        seen += await tab.locator("tbody tr").evaluate_all("all => all.map(row => row.id)")
        if rows == 50:
            await tab.get_by_role("link", name="Next 50").click()
            await expect(tab.locator(f"[id='{seen[-1]}']")).to_have_count(0)
    assert len(set(seen)) == 120


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
@pytest.mark.parametrize("size", [PHONE, {"width": 1280, "height": 800}], ids=["phone", "desk"])
async def test_everyone_can_use_the_public_pages(
    site: str, browser: Browser, settings: Settings, scheme: Any, size: Any
) -> None:
    write(settings.page_directory, render(busy_page()))
    async with await browser.new_context(color_scheme=scheme, viewport=size) as context:
        tab = await context.new_page()
        for path in ("/", "/history", "/incidents/inc000000001", "/incidents/unknown", "/console/sign-in"):
            await tab.goto(f"{site}{path}")
            assert await serious(tab) == [], path
            assert await overflow(tab) <= 0, path
            assert await shifted(tab) < 0.02, path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, {"width": 1280, "height": 800}], ids=["phone", "desk"])
async def test_everyone_can_use_the_console(
    site: str, browser: Browser, world: World, operator: str, scheme: Any, size: Any
) -> None:
    assert operator == OPERATOR
    await refuse_some(world)
    await world.component("checkout")
    said = await world.tell("We see failed payments.", severity="sev1", components={"checkout": "partial_outage"})
    [(delivery,)] = await world.rows(
        """SELECT u.public_id || '.' || e.public_id FROM delivery d JOIN incident_update u ON u.id = d.update_id
           JOIN endpoint e ON e.id = d.endpoint_id WHERE d.state = 'failed' LIMIT 1"""
    )
    async with await browser.new_context(color_scheme=scheme, viewport=size) as context:
        tab = await context.new_page()
        await sign_in(tab, site)
        for path in (
            "/console/incidents",
            f"/console/incidents/{said.ref}",
            f"/console/incidents/{said.ref}/deliveries",
            f"/console/incidents/{said.ref}/deliveries?state=expired",
            f"/console/deliveries/{delivery}",
            "/console/channels",
            "/console/incidents/INC-999",
        ):
            await tab.goto(f"{site}{path}")
            assert await serious(tab) == [], path
            assert await overflow(tab) <= 0, path
            assert await shifted(tab) < 0.02, path


async def test_the_keyboard_reaches_everything_and_one_sees_where_it_is(
    site: str, tab: Page, world: World, operator: str
) -> None:
    assert operator == OPERATOR
    said = await world.say("We see failed payments.")
    await world.spread()
    await sign_in(tab, site, f"/console/incidents/{said.ref}")
    wanted = int(await tab.evaluate("document.querySelectorAll('a[href], button, [tabindex=\"0\"]').length"))
    reached: set[str] = set()
    for _ in range(wanted):
        await tab.keyboard.press("Tab")
        outline = await tab.evaluate(
            """() => { const at = document.activeElement, style = getComputedStyle(at);
              return [at.outerHTML.slice(0, 160), style.outlineStyle, parseFloat(style.outlineWidth)]; }"""
        )
        assert outline[1] == "solid", outline
        assert outline[2] >= 2, outline
        reached.add(outline[0])
    assert len(reached) == wanted


async def test_a_lost_connection_is_said_in_words(site: str, browser: Browser, settings: Settings) -> None:
    write(settings.page_directory, render(busy_page()))
    async with await browser.new_context() as context:
        tab = await context.new_page()
        await tab.clock.install()
        await tab.goto(f"{site}/")
        await context.set_offline(True)
        await tab.clock.run_for(31_000)
        await expect(tab.get_by_role("status")).to_contain_text("No connection since")
        await expect(tab.get_by_role("heading", name="Api is down.")).to_be_visible()
        await context.set_offline(False)
        await tab.clock.run_for(31_000)
        await expect(tab.get_by_role("status")).to_be_empty()


def test_the_stylesheet_is_small() -> None:
    root = Path(__file__).parents[3] / "src/tocsin/web/static"
    assert (root / "tocsin.css").stat().st_size < 20_000
    assert (root / "tocsin.js").stat().st_size < 10_000
