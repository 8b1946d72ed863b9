"""Operators keep templates of updates at the console: listed, shown with a sample, written, refused, and deleted."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from browsing import DESK, PHONE, overflow, serious, shifted
from delivery.world import World
from joining import read
from tocsin.web.pages import console_templates
from web.pages.conftest import OPERATOR
from web.pages.test_console_in_a_browser import sign_in

LIST = "/console/templates"
NEW = "/console/new-template"
OUTAGE = {
    "name": "outage",
    "title": "{{service}} is failing",
    "body": "We see **errors** in {{service}} for {{minutes}} minutes.",
    "key_0": "support",
    "title_0": "",
    "text_0": "Ticket {{ticket}}.",
    "key_1": "customers.de",
    "title_1": "",
    "text_1": "{{service}} ist gestört.",
}
_WIDE = "Math.max(0, ...[...document.querySelectorAll('.scroll')].map(one => one.scrollWidth - one.clientWidth))"


async def post(console: httpx.AsyncClient, path: str = NEW, **fields: str) -> httpx.Response:
    """Send a form as its page has it, changed by `fields`; return the page that it leads to."""
    shown = (await console.get(path if not path.endswith("/delete") else f"{LIST}/outage")).text
    hidden = dict(re.findall(r'name="(csrf|seen)" value="([^"]*)"', shown))
    answer = await console.post(path, data=hidden | fields)
    return await console.get(answer.headers["location"]) if answer.status_code == 303 else answer


async def test_a_template_is_written_listed_shown_with_a_sample_changed_and_deleted(
    console: httpx.AsyncClient, world: World
) -> None:
    assert "There is none yet." in read(await console.get(LIST))
    made = await post(console, **OUTAGE)
    assert made.url.path == f"{LIST}/outage"
    assert f"by {OPERATOR}" in read(made)
    for part in (
        "[service] is failing",
        "errors in [service] for [minutes] minutes",
        "For customers.de",
        "For support",
    ):
        assert part in re.sub(r" +", " ", read(made)), part
    assert "<strong>errors</strong>" in made.text
    filled = await console.get(f"{LIST}/outage?v_service=Check%3Cb%3Eout&v_minutes=5&v_other=7")
    assert "Check<b>out is failing" in filled.text.replace("&lt;", "<").replace("&gt;", ">")
    assert "<b>out" not in filled.text
    listed = read(await console.get(LIST))
    assert "service, minutes, ticket" in listed
    changed = await post(
        console, f"{LIST}/outage/write", title="", body="It is slow.", key_0="customers.de", text_0="Langsam."
    )
    assert "It is slow." in read(changed)
    assert "It has no title: an update keeps the incident" in read(changed)
    assert await world.rows("SELECT title, body, texts FROM template") == [
        (None, "It is slow.", {"customers.de": "Langsam."})
    ]
    assert "cannot be brought back" in read(await console.get(f"{LIST}/outage?sure=delete"))
    assert "There is none yet." in read(await post(console, f"{LIST}/outage/delete"))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": "Out age"}, "name"),
        ({"name": ""}, "name"),
        ({"body": ""}, "This is empty. Write what people should read."),
        ({"body": "{{minutes"}, "Line 1, column 1"),
        ({"body": "x" * 25_001}, "25000 characters"),
        ({"title": "{{ 1 }}"}, "Line 1, column 1"),
        ({"title": "x" * 256}, "255 characters"),
        ({"key_0": "nobody"}, "There is no audience 'nobody'."),
        ({"key_0": "customers.DE"}, "Name an audience, with a language behind a dot"),
        ({"key_0": ""}, "Name an audience, with a language behind a dot"),
    ],
)
async def test_what_the_api_refuses_is_refused_in_its_words_and_what_was_typed_is_kept(
    console: httpx.AsyncClient, world: World, fields: dict[str, str], said: str
) -> None:
    answer = await post(console, **OUTAGE | fields)
    assert (answer.status_code, said in read(answer)) == (422, True), read(answer)
    assert 'role="alert"' in answer.text.partition('<form class="card')[2], "beside what is to be mended"
    assert "Ticket {{ticket}}." in answer.text
    assert await world.rows("SELECT count(*) FROM template") == [(0,)]


async def test_a_name_is_taken_once_and_nobody_writes_over_what_they_have_not_seen(
    console: httpx.AsyncClient, world: World
) -> None:
    await post(console, **OUTAGE)
    again = await post(console, **OUTAGE | {"body": "Another."})
    assert (again.status_code, "There is a template 'outage' already." in read(again)) == (422, True)
    await world.later(60)
    stale = await post(console, f"{LIST}/outage/write", body="Mine.", seen="2026-01-01T00:00:00+00:00")
    assert "It was changed meanwhile" in read(stale)
    assert "Mine." in stale.text
    assert "errors" in (await world.rows("SELECT body FROM template"))[0][0]
    seen = re.findall(r'name="seen" value="([^"]*)"', stale.text)[0]
    await post(console, f"{LIST}/outage/write", body="Mine.", seen=seen)
    assert await world.rows("SELECT body FROM template") == [("Mine.",)]


async def test_lines_are_kept_as_the_api_keeps_them_and_a_row_is_left_for_more(console: httpx.AsyncClient) -> None:
    await post(console, **OUTAGE | {"body": "One.\r\n\r\nTwo."})
    form = (await console.get(f"{LIST}/outage/write")).text
    assert "One.\n\nTwo." in form
    rows = len(re.findall(r'name="key_\d+"', form))
    wrong = await post(console, **OUTAGE | {"name": ""})
    assert len(re.findall(r'name="key_\d+"', wrong.text)) == 3, "what was typed, and one more"
    assert rows > 3, "a row for each audience"


async def test_a_sample_that_cannot_be_filled_says_why(console: httpx.AsyncClient) -> None:
    await post(console, **OUTAGE)
    shown = await console.get(f"{LIST}/outage", params={"v_service": "x" * 1_000})
    assert shown.status_code == 200
    assert "title:" in read(shown)


async def test_templates_come_in_pages(
    console: httpx.AsyncClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console_templates, "PAGE_SIZE", 2)
    for number in range(3):
        await post(console, **OUTAGE | {"name": f"outage-{number}"})
    assert await world.rows("SELECT count(*) FROM template") == [(3,)]
    first = (await console.get(LIST)).text
    assert "outage-1" in first
    assert "outage-2" not in first
    [more] = re.findall(r'href="([^"]*\?after=\d+)"', first)
    last = await console.get(more if more.startswith("/") else LIST + more)
    assert "outage-2" in last.text
    assert "outage-1" not in last.text


async def test_a_template_that_is_not_there_is_said(console: httpx.AsyncClient) -> None:
    for path in (f"{LIST}/gone", f"{LIST}/gone/write", f"{LIST}/%00"):
        assert (await console.get(path)).status_code == 404
    token = re.findall(r'name="csrf" value="([^"]*)"', (await console.get(LIST)).text)[0]
    for path in (f"{LIST}/gone/write", f"{LIST}/gone/delete"):
        assert (await console.post(path, data={"csrf": token, "body": "x"})).status_code == 404


async def test_the_keyboard_alone_writes_one(site: str, tab: Page, world: World, operator: str) -> None:
    assert operator == OPERATOR
    await sign_in(tab, site, LIST)
    await tab.get_by_role("link", name="Write a template").focus()
    await tab.keyboard.press("Enter")
    await tab.get_by_label("Name").focus()
    for words in ("outage", "{{service}} is failing", "We look into it."):
        await tab.keyboard.type(words)
        await tab.keyboard.press("Tab")
    await tab.get_by_text("For support", exact=True).focus()
    await tab.keyboard.press("Enter")
    await tab.get_by_label("Text for support").fill("Ticket {{ticket}}.")
    await tab.get_by_role("button", name="Keep this template").focus()
    await tab.keyboard.press("Enter")
    await expect(tab.get_by_role("heading", name="[service] is failing")).to_be_visible()
    assert await world.rows("SELECT name, texts FROM template") == [("outage", {"support": "Ticket {{ticket}}."})]


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "dark"), (DESK, "light")], ids=["phone-dark", "desk-light"])
async def test_everyone_can_use_them_on_any_screen(
    site: str, browser: Browser, console: httpx.AsyncClient, scheme: Any, size: Any
) -> None:
    long = "Donaudampfschifffahrtsgesellschaftskapitänswitwe"
    await post(console, **OUTAGE | {"name": "outage-" + "long" * 14, "title": long * 3})
    await post(console, **OUTAGE | {"body": f"{OUTAGE['body']} {long * 5}\n\n- one\n- two"})
    async with await browser.new_context(color_scheme=scheme, viewport=size) as context:
        tab = await context.new_page()
        await sign_in(tab, site)
        for at in (LIST, f"{LIST}/outage", f"{LIST}/outage?sure=delete", f"{LIST}/outage/write", NEW):
            await tab.goto(f"{site}{at}")
            assert await serious(tab) == [], at
            assert await overflow(tab) <= 0, at
            assert await tab.evaluate(_WIDE) <= 0, f"{at}: long words break, and no table is wider than its card"
            assert await shifted(tab) < 0.02, at
        await tab.get_by_role("button", name="Keep this template").click()
        assert await serious(tab) == [], "with what is to be mended"
