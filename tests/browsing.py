"""What a browser is asked about a page: can everyone use it, does it jump, is it too wide."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page

PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 800}


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
    """Return by how many pixels something is too wide, for the window or for the card that it is on."""
    return int(
        await tab.evaluate(
            """() => {
              const cards = [...document.querySelectorAll("main .card:not(.scroll)")];
              const whole = document.documentElement.scrollWidth - innerWidth;
              return Math.max(whole, ...cards.map(card => card.scrollWidth - card.clientWidth));
            }"""
        )
    )
