"""The badge: the state in words, in the reader's language, readable by whoever cannot see its colour."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from page_samples import component, in_german, incident, page
from tocsin.domain.component import ComponentStatus
from tocsin.domain.page import Page
from tocsin_channels.status_page.badge import badge
from tocsin_channels.status_page.render import render

SVG = "{http://www.w3.org/2000/svg}"


def drawn(shown: Page) -> ET.Element:
    return ET.fromstring(badge(shown))


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (ComponentStatus.OPERATIONAL, "working"),
        (ComponentStatus.UNDER_MAINTENANCE, "under maintenance"),
        (ComponentStatus.DEGRADED_PERFORMANCE, "slow"),
        (ComponentStatus.PARTIAL_OUTAGE, "partly down"),
        (ComponentStatus.MAJOR_OUTAGE, "down"),
    ],
)
def test_it_says_the_state_in_words(status: ComponentStatus, words: str) -> None:
    svg = drawn(page(components=[component("api", status), component("shop")]))
    assert svg.findtext(f"{SVG}title") == svg.get("aria-label") == f"Acme: {words}"
    assert [one.text for one in svg.iter(f"{SVG}text")] == ["Acme", words]


def test_an_open_incident_counts_without_a_component() -> None:
    assert drawn(page(components=[component("api")], incidents=[incident("Odd")])).get("aria-label") == "Acme: slow"


def test_it_is_there_in_each_language() -> None:
    files = render(in_german(page(components=[component("api")])))
    assert "Acme: in Betrieb" in files["de/badge.svg"].decode()
    assert "Acme: working" in files["badge.svg"].decode()


@pytest.mark.parametrize("brand", ['A&B "Ltd" <x>', "x" * 200, "株式会社"])
def test_any_name_fits(brand: str) -> None:
    svg = drawn(page(brand=brand))
    label = svg.get("aria-label") or ""
    assert label.startswith(brand[:39])
    texts = list(svg.iter(f"{SVG}text"))
    assert sum(int(one.get("textLength", "0")) for one in texts) < int(svg.get("width", "0")) < 500


@pytest.mark.parametrize("status", list(ComponentStatus))
def test_white_words_can_be_read_on_every_colour(status: ComponentStatus) -> None:
    svg = drawn(page(components=[component("api", status)]))
    for one in svg.iter(f"{SVG}rect"):
        if fill := one.get("fill"):
            assert 1.05 / (_luminance(fill) + 0.05) >= 4.5


def _luminance(colour: str) -> float:
    """Return the relative luminance of "#rrggbb" (WCAG 2.2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
