"""What operators see and do at the console, in a real browser."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from browsing import DESK, PHONE, overflow, serious, shifted
from delivery.world import World
from tocsin.domain.channel import Accepted, ChannelName, Message
from tocsin.domain.errors import AddressDead, DeliveryError, GiveUp
from web.pages.conftest import OPERATOR, PASSWORD


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


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
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


async def test_the_board_of_all_channels_fits_and_headings_stay_whole(
    site: str, browser: Browser, world: World, operator: str
) -> None:
    assert operator == OPERATOR
    for channel in set(ChannelName) - {ChannelName.STATUS_PAGE}:
        await world.person(f"{channel}@example.com", channel=channel)
    await world.crowd(1200)
    said = await world.say("We see failed payments.", severity="sev1")
    await world.spread()
    async with await browser.new_context(viewport={"width": 1280, "height": 800}) as context:
        tab = await context.new_page()
        await sign_in(tab, site, f"/console/incidents/{said.ref}")
        await expect(tab.locator(".matrix thead th")).to_have_count(1 + len(ChannelName))
        beyond = "one => one.closest('.scroll').scrollWidth - one.closest('.scroll').clientWidth"
        assert await tab.locator(".matrix").evaluate(beyond) <= 0
        assert await tab.locator("#m-customers-email b").evaluate("one => one.getClientRects().length") == 1
        await tab.set_viewport_size({"width": 360, "height": 740})
        assert await tab.locator("#thread").evaluate("one => one.clientHeight") < 40


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
