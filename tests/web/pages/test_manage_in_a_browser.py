"""The manage page in a browser: without scripts, by everybody, on any screen, in each language, with much on it."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Browser, expect

from browsing import DESK, PHONE, overflow, serious
from delivery.world import World
from joining import ADA

SECOND = "a-very-long-mailbox-name-that-somebody-really-has@a-rather-long-subdomain.of-a-company.example.com"
WORDS = {
    "en": ("Hear of this one alone", "You hear of this incident alone", "If nothing gets through here",
           "Save where to write instead", "Hear of everything I chose again"),
    "de": ("Nur von dieser hören", "Sie hören nur von dieser Störung", "Wenn hier nichts ankommt",
           "Ausweichadresse speichern", "Wieder von allem hören, was ich gewählt habe"),
}  # fmt: skip


async def crowd(world: World) -> None:
    """Give Ada ten addresses, and thirty components to choose from whose names do not end."""
    for n in range(30):
        await world.component(f"c{n}")
    await world.run("UPDATE component SET name = 'Donaudampfschifffahrtsgesellschaftskapitänsabrechnung ' || slug")
    await world.run(
        "INSERT INTO endpoint (public_id, subscriber_id, bucket_id, channel, address, address_key, state, audiences)"
        " SELECT 'e' || n, subscriber_id, bucket_id, 'email', n || :second, n || :second, 'active', audiences"
        " FROM endpoint, generate_series(1, 9) n WHERE address = :ada",
        ada=ADA,
        second=SECOND,
    )
    await world.run("INSERT INTO pace (endpoint_id) SELECT id FROM endpoint WHERE public_id LIKE 'e_'")
    await world.run(
        "UPDATE bucket SET size = size + 9 WHERE id = (SELECT bucket_id FROM endpoint WHERE address = :a)", a=ADA
    )


@pytest.mark.parametrize(
    ("language", "scheme", "size"), [("en", "dark", DESK), ("de", "light", PHONE)], ids=["desk-dark", "phone-german"]
)
async def test_one_follows_and_names_who_stands_in_without_scripts_and_everyone_can(
    browser: Browser, site: str, world: World, way_in: str, language: str, scheme: Any, size: Any
) -> None:
    follow, followed, instead, save, all_again = WORDS[language]
    await crowd(world)
    await world.tell("It is down.")
    page = f"{site}{way_in}?lang={language}"
    async with await browser.new_context(java_script_enabled=False, viewport=size) as context:
        tab = await context.new_page()
        await tab.goto(page)
        await tab.get_by_role("button", name=follow).click()
        await expect(tab.get_by_text(followed)).to_be_visible()
        first = tab.locator("section.card").first
        await first.locator("summary", has_text=instead).click()
        await first.locator("select[name=fallback]").select_option(label=f"1{SECOND}")
        await first.get_by_role("button", name=save).click()
        await expect(tab.locator("section.card").first.get_by_text(f"1{SECOND}").first).to_be_visible()
    async with await browser.new_context(viewport=size, color_scheme=scheme) as context:
        tab = await context.new_page()
        await tab.goto(page)
        for details in await tab.locator("section.card").first.locator("details").all():
            await details.evaluate("element => element.open = true")
        assert await serious(tab) == []
        assert await overflow(tab) <= 0
        await tab.get_by_role("button", name=all_again).click()
        await expect(tab.get_by_role("button", name=follow)).to_be_visible()
