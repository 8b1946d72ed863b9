"""Pages of subscribers at the console in a real browser: by keyboard alone, on any screen, with long names and many."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from browsing import DESK, PHONE, overflow, serious, shifted
from delivery.world import World
from web.pages.conftest import OPERATOR
from web.pages.test_console_in_a_browser import sign_in
from web.pages.test_console_subscribers import LIST, WHO, endpoint_at, page_of, quarantine


async def test_the_keyboard_alone_leads_from_the_ledger_to_a_lifted_quarantine(
    site: str, tab: Page, world: World, operator: str
) -> None:
    assert operator == OPERATOR
    await quarantine(world)
    await sign_in(tab, site, "/console/incidents/INC-1/deliveries?state=failed")
    for link in (tab.get_by_role("link", name=WHO), tab.get_by_role("button", name="Lift the quarantine")):
        await link.focus()
        await tab.keyboard.press("Enter")
    await expect(tab.get_by_role("status").filter(has_text="It is written to again.")).to_be_visible()
    assert (await endpoint_at(world))[1] == "active"


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "dark"), (DESK, "light")], ids=["phone-dark", "desk-light"])
async def test_everyone_can_use_them_on_any_screen(
    site: str, browser: Browser, world: World, operator: str, scheme: Any, size: Any
) -> None:
    assert operator == OPERATOR
    await crowded(world)
    path = await page_of(world)
    async with await browser.new_context(color_scheme=scheme, viewport=size) as context:
        tab = await context.new_page()
        await sign_in(tab, site)
        for at in (LIST, f"{LIST}?q=nobody", path, f"{path}?incident=INC-1", f"{path}?sure=delete"):
            await tab.goto(f"{site}{at}")
            assert await serious(tab) == [], at
            assert await overflow(tab) <= 0, at
            assert await shifted(tab) < 0.02, at


async def crowded(world: World) -> None:
    """Let there be many, and one with long names, addresses of every state, and much to tell of."""
    await world.crowd(60)
    await quarantine(world)
    await world.run("UPDATE subscriber SET name = 'Donaudampfschifffahrtsgesellschaftskapitänswitwe & Co. KG' "
                    "WHERE id = (SELECT subscriber_id FROM endpoint WHERE address = :a)", a=WHO)  # fmt: skip
    [(number,)] = await world.rows("SELECT subscriber_id FROM endpoint WHERE address = :a", a=WHO)
    for state in ("active", "unconfirmed", "paused", "opted_out"):
        await world.person(f"{state}-{'long' * 12}@example.com", state=state, subscriber=number)
    for n in range(3):
        await world.tell(f"Still down, {n}.", title="Checkout and everything that depends on it is failing")
