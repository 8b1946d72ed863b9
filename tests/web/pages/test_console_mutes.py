"""Operators mute at the console: an incident, a component or a channel, until when and why; and lift it again."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, expect

from browsing import DESK, PHONE, overflow, serious
from delivery.world import World
from joining import words
from web.pages.conftest import OPERATOR
from web.pages.test_console_in_a_browser import sign_in

pytestmark = pytest.mark.usefixtures("operator")
WHO = "someone@example.com"
WHY = "The mail relay is being moved."


async def post(console: httpx.AsyncClient, path: str = "/console/mutes", **fields: Any) -> httpx.Response:
    shown = await console.get("/console/mutes")
    [token, *_] = re.findall(r'name="csrf" value="([^"]*)"', shown.text)
    answer = await console.post(path, data={"csrf": token, "hours": "1", "reason": WHY, **fields})
    return await console.get(answer.headers["location"]) if answer.status_code == 303 else answer


async def lift(console: httpx.AsyncClient) -> httpx.Response:
    [path] = re.findall(r'action="(/console/mutes/\w+/end)"', (await console.get("/console/mutes")).text)
    return await post(console, path)


@pytest.mark.parametrize("what", ["incident", "component", "channel", "all"])
async def test_what_is_muted_is_listed_keeps_silent_and_is_told_when_it_is_lifted(
    console: httpx.AsyncClient, world: World, what: str
) -> None:
    await world.component("search")
    await world.person(WHO)
    opened = await world.tell("It is down.", components={"search": "major_outage"})
    names = {"incident": opened.ref, "component": "search", "channel": "email"}
    listed = words(await post(console, **(names if what == "all" else {what: names[what]})))
    assert WHY in listed
    assert f"muted by {OPERATOR}" in listed
    await world.later(600)
    await world.tell("Still down.", about=opened, severity="sev1")
    assert world.email.texts_to(WHO) == [["It is down."]]
    [(row,)] = await world.rows("SELECT d.update_id FROM delivery d WHERE d.reason = 'muted'")
    assert row
    await lift(console)
    await world.spread()
    await world.later(600)
    await world.deliver()
    assert world.email.texts_to(WHO) == [["It is down."], ["Still down."]]
    assert "Nothing is muted" in words(await console.get("/console/mutes"))
    assert f"by {OPERATOR}" in words(await console.get("/console/mutes?ended=1"))


async def test_why_says_who_muted_it_for_what_reason_and_people_outside_do_not_read_that(
    console: httpx.AsyncClient, world: World, way_in: str
) -> None:
    await post(console, channel="email")
    await post(console, component="checkout", reason="A drill.")
    said = await world.tell("It is down.", components={"checkout": "major_outage"})
    board = words(await console.get(f"/console/incidents/{said.ref}/deliveries?state=suppressed"))
    assert f"an operator muted this for a while ({WHY}; A drill.)" in board
    [delivery, *_] = re.findall(r'href="(/console/deliveries/[^"]+)"', board)
    assert "Muted because" in words(await console.get(delivery))
    mine = words(await console.get(way_in))
    assert "Not sent: an operator muted this for a while." in mine
    assert WHY not in mine
    assert WHY not in (await console.get(f"{way_in}/data.json")).text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "Name an incident, a component or a channel"),
        ({"channel": "email", "reason": ""}, "Say why"),
        ({"channel": "email", "reason": "x" * 150}, "at most 100 characters"),
        ({"channel": "email", "hours": "", "until": ""}, "Say until when"),
        ({"channel": "email", "until": "soon"}, "Say until when"),
        ({"channel": "email", "until": "2020-01-01T00:00"}, "This is over already"),
        ({"channel": "pigeon"}, "There is no channel 'pigeon' here."),
        ({"channel": "status_page"}, "It cannot be muted."),
        ({"component": "nothing"}, "There is no component 'nothing'"),
        ({"component": "noth\0ing"}, "There is no component 'nothing'"),
        ({"incident": "INC-99"}, "INC-99"),
    ],
)
async def test_a_mute_that_makes_no_sense_says_what_to_mend_and_keeps_what_was_typed(
    console: httpx.AsyncClient, world: World, fields: dict[str, str], said: str
) -> None:
    answer = await post(console, **fields)
    assert (answer.status_code, said in words(answer)) == (422, True), words(answer)
    if "reason" not in fields:
        assert WHY in words(answer)
    assert await world.rows("SELECT count(*) FROM mute") == [(0,)]


async def test_a_certain_moment_is_in_utc(console: httpx.AsyncClient, world: World) -> None:
    await post(console, channel="email", until="2099-01-01T12:00")
    [(until,)] = await world.rows("SELECT until FROM mute")
    assert datetime.fromtimestamp(until, UTC) == datetime(2099, 1, 1, 12, tzinfo=UTC)


async def test_nobody_mutes_without_the_sessions_token_or_lifts_what_is_not_there(
    console: httpx.AsyncClient, world: World
) -> None:
    fields = {"channel": "email", "hours": "1", "reason": WHY}
    assert (await console.post("/console/mutes", data=fields)).status_code == 403
    assert (await console.post("/console/mutes", data=fields | {"csrf": "guessed"})).status_code == 403
    for name in ("nothere", "%00", "a'b"):
        assert (await post(console, f"/console/mutes/{name}/end")).status_code == 404
    assert await world.rows("SELECT count(*) FROM mute") == [(0,)]


async def test_the_page_can_be_used_by_everyone_on_any_screen(browser: Browser, site: str, world: World) -> None:
    await world.component("search")
    said = await world.say("It is down.", components={"search": "major_outage"})
    for scheme, size in (("light", DESK), ("dark", PHONE)):
        async with await browser.new_context(viewport=size, color_scheme=scheme) as context:  # type: ignore[arg-type]
            tab = await context.new_page()
            await sign_in(tab, site, f"/console/mutes?incident={said.ref}")
            await expect(tab.get_by_label("Incident")).to_have_value(said.ref)
            await tab.get_by_label("Why").fill(WHY * 3)
            await tab.get_by_role("button", name="Tell nobody of it for now").click()
            await expect(tab.get_by_role("button", name="Lift it now").first).to_be_visible()
            assert await serious(tab) == []
            assert await overflow(tab) <= 0
