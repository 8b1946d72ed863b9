"""What practice shows can be read by everybody, on a phone and a desk, by day and by night."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import Browser, ViewportSize, expect

from browsing import DESK, PHONE, overflow, serious
from mail_to_send import chapter, story
from pushes import practising
from tocsin.settings import Settings


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"practice": True})


LONG = "Averyveryverylongwordwithoutablank" * 4


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("window", [PHONE, DESK], ids=["phone", "desk"])
async def test_a_notification_that_was_replaced_is_faint_and_can_still_be_read(
    site: str, browser: Browser, tmp_home: Path, window: ViewportSize, scheme: Literal["light", "dark"]
) -> None:
    async with practising(tmp_home) as practice:
        for number in (1, 2):
            await practice.push("phone", told=story(chapter(version=number, body=f"{LONG} {number}")))
    tab = await browser.new_page(viewport=window, color_scheme=scheme)
    await tab.goto(f"{site}/practice/push?browser=phone")
    await expect(tab.get_by_text("Replaced by a newer one.")).to_be_visible()
    assert await serious(tab) == []
    assert await overflow(tab) <= 0
    await tab.close()
