"""What is typed about a maintenance is kept whole, or refused: nothing is cut, moved back or dropped on the quiet."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from delivery.world import World
from joining import words
from tocsin.web.pages import console_maintenances
from web.pages.conftest import OPERATOR
from web.pages.test_console_maintenances import HERE, at, planned, post, said

pytestmark = pytest.mark.usefixtures("operator")
OWN = f"{HERE}/INC-1"


@pytest.mark.parametrize(
    "fields", [{"title": "x" * 255 + " and more"}, {"body": "x" * 25_000 + " and more"}], ids=["title", "body"]
)
async def test_what_is_too_long_is_refused_wherever_a_cut_would_fall(
    console: httpx.AsyncClient, world: World, fields: dict[str, str]
) -> None:
    assert (await post(console, **planned(**fields))).status_code == 422
    assert await said(world) == []


async def test_a_line_end_counts_once_however_browsers_send_it(console: httpx.AsyncClient, world: World) -> None:
    body = "a line\n" * 3_000 + "x" * 4_000
    await post(console, **planned(body=body.replace("\n", "\r\n")))
    assert [one[1] for one in await said(world)] == [body]


async def test_nobody_moves_back_what_was_moved_since_their_form_was_made(
    console: httpx.AsyncClient, world: World
) -> None:
    page = (await post(console, **planned())).text
    shown: dict[str, Any] = dict(re.findall(r'name="(starts_at|ends_at|seen)"[^>]* value="([^"]*)"', page))
    await post(console, OWN, **planned(status="scheduled", body="Later.", starts_at=at(10), ends_at=at(12)))
    stale = await post(console, OWN, **planned(status="scheduled", body="By the way.") | shown)
    assert stale.status_code == 422
    assert f"More was said meanwhile by {OPERATOR}" in words(stale)
    assert "By the way." in stale.text
    assert [one[1] for one in await said(world)] == ["We replace it.", "Later."]
    await post(console, OWN, **planned(status="scheduled", body="By the way.") | shown | {"seen": "2"})
    assert [one[1] for one in await said(world)] == ["We replace it.", "Later.", "By the way."]


async def test_a_component_that_it_touches_is_offered_however_many_there_are(
    console: httpx.AsyncClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for slug in ("search", "shop"):
        await world.component(slug)
    await post(console, **planned(component="shop"))
    monkeypatch.setattr(console_maintenances, "_MOST", 1)
    ticked = re.findall(r'name="component" value="([^"]*)" checked', (await console.get(OWN)).text)
    assert ticked == ["shop"]


async def test_who_looks_at_one_is_led_back_to_maintenances(console: httpx.AsyncClient, world: World) -> None:
    await world.person("someone@example.com")
    await post(console, **planned())
    await world.spread()
    board = "/console/incidents/INC-1"
    [row, *_] = re.findall(r'href="(/console/deliveries/[^"]*)"', (await console.get(f"{board}/deliveries")).text)
    for path in (board, f"{board}/deliveries", f"{board}/looks", row):
        page = (await console.get(path)).text
        assert re.findall(r'href="([^"]*)" aria-current="page"', page) == [HERE], path
        assert re.findall(r'<p class="small"><a href="([^"]*)"', page)[0] == HERE, path
