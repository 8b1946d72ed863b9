"""Operators plan maintenances at the console, say more of them, move them and call them off."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from playwright.async_api import Browser, expect

from browsing import DESK, PHONE, overflow, serious
from delivery.planning import plan
from delivery.world import World
from joining import words
from tocsin.web.pages import console_maintenances
from web.pages.conftest import OPERATOR
from web.pages.test_console_in_a_browser import sign_in

pytestmark = pytest.mark.usefixtures("operator")
HERE = "/console/maintenances"


def at(hours: float) -> str:
    """Return a time as the field has it."""
    return (datetime.now(UTC) + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M")


async def post(console: httpx.AsyncClient, path: str = HERE, **fields: Any) -> httpx.Response:
    """Send a form as its page has it, changed by `fields`; return the page that it leads to."""
    shown = await console.get(path.removesuffix("/cancel"))
    hidden = dict(re.findall(r'name="(csrf|seen)" value="([^"]*)"', shown.text))
    answer = await console.post(path, data=hidden | fields)
    return await console.get(answer.headers["location"]) if answer.status_code == 303 else answer


def planned(**more: Any) -> dict[str, Any]:
    return {
        "title": "New database",
        "body": "We replace it.",
        "starts_at": at(3),
        "ends_at": at(5),
        "auto_start": "1",
        "auto_complete": "1",
        "notify": "1",
    } | more


async def said(world: World) -> list[tuple[Any, ...]]:
    return await world.rows("SELECT status, body, notify, created_by FROM incident_update ORDER BY id")


async def test_what_is_planned_is_listed_and_told(console: httpx.AsyncClient, world: World) -> None:
    await world.component("shop")
    await world.person("someone@example.com")
    assert "Nothing is planned." in words(await console.get(HERE))
    own = await post(console, **planned(component="shop", remind="86400"))
    assert "New database" in words(own)
    assert await said(world) == [("scheduled", "We replace it.", True, OPERATOR)]
    assert await world.rows("SELECT auto_start, auto_complete, remind_before FROM maintenance") == [(True, True, 86400)]
    assert "New database" in words(await console.get(HERE))
    await world.spread()
    await world.deliver()
    assert world.email.texts_to("someone@example.com") == [["We replace it."]]
    assert "New database" not in words(await console.get("/console/incidents"))
    board = words(await console.get("/console/incidents/INC-1"))
    assert "Planned from" in board
    assert "open for" not in board


async def test_it_is_moved_told_of_and_called_off(console: httpx.AsyncClient, world: World) -> None:
    await world.component("shop")
    assert "Plan it, and tell oncall, support and customers" in (await console.get(HERE)).text
    own = await post(console, **planned(component="shop"))
    for button in ("Say it to oncall, support and customers", "Cancel it, and tell oncall, support and customers"):
        assert button in own.text
    [before] = await world.rows("SELECT scheduled_for, scheduled_until FROM incident_update")
    assert await world.rows("SELECT remind_before FROM maintenance") == [(3600,)]  # as the policy has it
    more = planned(status="scheduled", body="An hour more.", ends_at=at(6), component="shop")
    await post(console, f"{HERE}/INC-1", **more)
    [(starts, ends)] = await world.rows("SELECT scheduled_for, scheduled_until FROM incident_update WHERE version = 2")
    assert (starts, ends > before[1]) == (before[0], True)
    await post(console, f"{HERE}/INC-1", **{**more, "status": "in_progress", "body": "We begin.", "auto_complete": ""})
    assert await world.rows("SELECT auto_complete FROM maintenance") == [(False,)]
    own = await post(console, f"{HERE}/INC-1/cancel", why="It is off.")
    assert [one[:2] for one in await said(world)] == [
        ("scheduled", "We replace it."),
        ("scheduled", "An hour more."),
        ("in_progress", "We begin."),
        ("cancelled", "It is off."),
    ]
    assert "Call it off" not in words(own)
    assert "Cancelled" in words(await console.get(HERE))


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"title": ""}, "This is empty"),
        ({"title": "x" * 300}, "A title has at most 255 characters."),
        ({"body": ""}, "This is empty"),
        ({"body": "x" * 25_001}, "A text has at most 25,000 characters."),
        ({"starts_at": "soon"}, "Say when it is to begin"),
        ({"starts_at": "0001-01-01T00:00+14:00"}, "Say when it is to begin"),
        ({"ends_at": ""}, "Say when it is to end"),
        ({"ends_at": at(2)}, "This is not after"),
        ({"component": "nothing"}, "There is no component"),
        ({"remind": "17"}, "Choose when people are reminded."),
    ],
)
async def test_what_is_wrong_is_said_and_what_was_typed_stays(
    console: httpx.AsyncClient, world: World, fields: dict[str, Any], problem: str
) -> None:
    answer = await post(console, **planned(**fields))
    assert answer.status_code == 422
    assert problem in words(answer)
    kept = "We replace it." if "body" not in fields else "New database"
    assert kept in answer.text
    assert await said(world) == []


async def test_what_cannot_be_said_of_one_is_answered_on_its_page(console: httpx.AsyncClient, world: World) -> None:
    await post(console, **planned())
    wrong = await post(console, f"{HERE}/INC-1", **planned(status="completed", body="Done already."))
    assert wrong.status_code == 422
    assert "Choose how it stands now." in words(wrong)
    assert "Done already." in wrong.text
    nothing = await post(console, f"{HERE}/INC-1/cancel", why="")
    assert nothing.status_code == 422
    assert len(await said(world)) == 1
    for answer in (await console.get(f"{HERE}/INC-9"), await post(console, f"{HERE}/INC-9/cancel", why="x")):
        assert answer.status_code == 404
        assert "There is no maintenance" in words(answer)
    await world.say("It is down.")
    assert (await console.get(f"{HERE}/INC-2")).status_code == 404


async def test_workers_are_told_and_people_only_where_that_is_ticked(
    console: httpx.AsyncClient, app: FastAPI, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    hinted: list[bool] = []
    monkeypatch.setattr(app.state.site.hints, "fan_out", lambda: hinted.append(True))
    await post(console, **planned(notify="", title=""))
    assert hinted == []
    await post(console, **planned(notify="", starts_at="2100-01-01T02:00+02:00", ends_at="2100-01-01T03:00"))
    assert hinted == [True]
    assert await world.rows("SELECT notify, scheduled_for FROM incident_update") == [
        (False, datetime(2100, 1, 1, tzinfo=UTC))
    ]


async def test_what_is_left_as_it_stood_stays_to_the_microsecond(console: httpx.AsyncClient, world: World) -> None:
    await world.component("shop")
    await plan(world, begins_in=-60, touches=("shop",))
    page = await console.get(f"{HERE}/INC-1")
    shown = dict(re.findall(r'name="(starts_at|ends_at)"[^>]* value="([^"]*)"', page.text))
    assert '<option value="cancelled"' not in page.text, "that has a form of its own"
    form = planned(**shown, status="in_progress", component="shop", body="Half of it is done.", auto_start="")
    wrong = await post(console, f"{HERE}/INC-1", **form | {"component": ""})
    assert "Leave a component ticked" in words(wrong)
    await post(console, f"{HERE}/INC-1", **form)
    windows = await world.rows("SELECT DISTINCT scheduled_for, scheduled_until FROM incident_update")
    assert len(windows) == 1
    assert await world.rows("SELECT count(*) FROM incident_update") == [(2,)]
    assert await world.rows("SELECT auto_start, auto_complete FROM maintenance") == [(False, True)]
    wrong = await post(console, f"{HERE}/INC-1/cancel", why="x" * 25_001)
    assert wrong.status_code == 422
    assert f'value="{shown["ends_at"]}"' in wrong.text, "the other form is as it was"


async def test_what_begins_first_is_first_and_what_is_over_comes_in_pages(
    console: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console_maintenances, "_A_PAGE", 2)
    for hours in (5, 7, 6):
        await post(console, **planned(starts_at=at(hours), ends_at=at(8)))
    shown = (await console.get(HERE)).text
    assert re.findall(r"maintenances/(INC-\d+)", shown) == ["INC-1", "INC-3", "INC-2"]
    for number in (1, 2, 3):
        await post(console, f"{HERE}/INC-{number}/cancel", why="It is off.")
    newest = (await console.get(HERE)).text
    assert re.findall(r"maintenances/(INC-\d+)", newest) == ["INC-3", "INC-2"]
    [older] = re.findall(r'href="(/console/maintenances\?before=\d+)"', newest)
    last = (await console.get(older)).text
    assert re.findall(r"maintenances/(INC-\d+)", last) == ["INC-1"]
    assert "?before=" not in last


async def test_a_form_from_elsewhere_plans_nothing(console: httpx.AsyncClient, world: World) -> None:
    for path in (HERE, f"{HERE}/INC-1", f"{HERE}/INC-1/cancel"):
        assert (await console.post(path, data=planned())).status_code == 403
    assert await said(world) == []


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "dark"), (DESK, "light")], ids=["phone-dark", "desk-light"])
async def test_everyone_can_use_it_at_every_size(
    site: str, browser: Browser, console: httpx.AsyncClient, world: World, size: Any, scheme: Any
) -> None:
    await world.component("checkout-and-payments-in-all-regions-of-the-world")
    await world.component("search")
    await post(console, **planned(title="New database for everything that has to do with payments " * 3))
    await post(console, **planned(title="Begun", starts_at=at(-1), component="search"))
    await post(console, **planned(title="Off"))
    await post(console, f"{HERE}/INC-3/cancel", why="Not this week.")
    context = await browser.new_context(viewport=size, color_scheme=scheme)
    tab = await context.new_page()
    await sign_in(tab, site, HERE)
    for path in (HERE, f"{HERE}/INC-1", "/console/incidents/INC-1"):
        await tab.goto(f"{site}{path}")
        await expect(tab.get_by_role("heading", level=1)).to_be_visible()
        assert await overflow(tab) <= 0, path
        assert await serious(tab) == [], path
    await context.close()
