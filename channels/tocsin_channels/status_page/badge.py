"""A small picture of how things stand, for a README or another site: the state in words, and its colour besides."""

from __future__ import annotations

from typing import Final

from markupsafe import escape

from tocsin.domain.component import ComponentStatus
from tocsin.domain.page import Page

_LONGEST_BRAND: Final = 40
_COLOURS: Final = {  # each carries white words at 4.5:1 (WCAG 2.2, 1.4.3)
    ComponentStatus.OPERATIONAL: "#18733f",
    ComponentStatus.UNDER_MAINTENANCE: "#1d59b3",
    ComponentStatus.DEGRADED_PERFORMANCE: "#855600",
    ComponentStatus.PARTIAL_OUTAGE: "#ab4508",
    ComponentStatus.MAJOR_OUTAGE: "#bb1a2b",
}
_SVG: Final = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" viewBox="0 0 {width} 20" role="img"
 aria-label="{brand}: {state}" lang="{lang}"><title>{brand}: {state}</title>
<clipPath id="r"><rect width="{width}" height="20" rx="3"/></clipPath>
<g clip-path="url(#r)"><rect width="{left}" height="20" fill="#44474f"/>
<rect x="{left}" width="{right}" height="20" fill="{colour}"/></g>
<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">
<text x="{left_middle}" y="14" textLength="{left_text}">{brand}</text>
<text x="{right_middle}" y="14" textLength="{right_text}">{state}</text></g></svg>
"""


def badge(page: Page) -> bytes:
    """Return the badge as SVG, in the page's language."""
    brand = "".join(one if one.isprintable() else " " for one in page.brand)  # XML takes no controls
    brand = brand if len(brand) <= _LONGEST_BRAND else f"{brand[: _LONGEST_BRAND - 1]}…"
    state = page.language.say(page.state.words)
    left_text, right_text = _width(brand), _width(state)
    left, right = left_text + 12, right_text + 12
    return _SVG.format(
        brand=escape(brand),
        state=escape(state),
        lang=page.language.code,
        colour=_COLOURS[page.state],
        width=left + right,
        left=left,
        right=right,
        left_text=left_text,
        right_text=right_text,
        left_middle=left / 2,
        right_middle=left + right / 2,
    ).encode()


def _width(words: str) -> int:
    """Return about how many pixels `words` take at 11 px; `textLength` makes it so whatever the font."""
    return sum(11 if ord(one) > 0x2E7F else 7 for one in words)  # noqa: PLR2004 - from here on letters are square
