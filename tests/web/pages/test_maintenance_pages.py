"""What visitors are told of maintenances: on the page, in feeds, in JSON and in the calendar; nothing from inside."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from icalendar import Calendar

from delivery.world import World
from tocsin.domain.component import ComponentStatus
from tocsin.domain.incident import Status
from tocsin.domain.maintenance import ByClock, Window
from tocsin.domain.page import Page, PageIncident
from tocsin.domain.update import Draft
from tocsin.languages import read_languages
from tocsin.services.keep_schedule import keep_schedule
from tocsin.services.publish import Published
from tocsin.services.schedule import Asked, say_more, schedule
from tocsin.services.show_page import read_page
from tocsin.settings import Settings
from tocsin.store.engine import begin
from tocsin_channels.status_page.render import render
from tocsin_channels.status_page.write import write

PUBLIC = ("oncall", "customers")
LANGUAGES = read_languages(Path("/nowhere")).languages
HOUR = timedelta(hours=1)


async def look(world: World, settings: Settings) -> Page:
    async with begin(world.engine) as connection:
        return await read_page(connection, settings, LANGUAGES)


async def only(world: World, settings: Settings) -> PageIncident:
    found = await look(world, settings)
    assert found.incidents == ()
    [one] = found.maintenances
    return one


async def now(world: World) -> datetime:
    [(at,)] = await world.rows("SELECT tocsin_now()")
    return at  # type: ignore[no-any-return]


async def plan(world: World, *, touches: tuple[str, ...] = (), **more: Any) -> Published:
    starts_at = await now(world) + 3 * HOUR
    said: dict[str, Any] = {"title": "New database", "body": "We replace it.", "audiences": PUBLIC}
    touched = dict.fromkeys(touches, ComponentStatus.OPERATIONAL)
    draft = Draft(**said | more, components=touched, window=Window(starts_at, starts_at + HOUR))
    wanted = ByClock(auto_start=True, auto_complete=True, remind_before=timedelta(0))
    async with world.pool.acquire() as connection, connection.transaction():
        return await schedule(connection, draft, wanted, world.policy, world.audiences, "test")


async def more(world: World, about: Published, asked: Asked | None = None, **said: Any) -> None:
    words: dict[str, Any] = {"body": "More words.", **said}
    draft = Draft(**words)
    async with world.pool.acquire() as connection, connection.transaction():
        await say_more(connection, about.incident_id, draft, asked or Asked(), world.policy, world.audiences, "test")


def event(files: Mapping[str, bytes]) -> Any:
    [only] = Calendar.from_ical(files["maintenance.ics"]).walk("VEVENT")
    return only


async def move_on(world: World, by: timedelta, steps: int = 1) -> None:
    await world.later(by.total_seconds())
    assert await keep_schedule(world.pool, world.policy, world.audiences, LANGUAGES) == steps


async def test_nothing_internal_is_in_any_public_file_or_answer(
    world: World, settings: Settings, visitor: httpx.AsyncClient
) -> None:
    marker = "MARKER7Q"
    await world.component("shop")
    await world.run(
        "INSERT INTO component (public_id, slug, name, internal) VALUES (:m, :m, :m, true)", m=f"{marker}db"
    )
    await plan(world, title=f"{marker}1", body=f"{marker}2", audiences=("oncall",))
    shown = await plan(world, touches=("shop", f"{marker}db"), texts={"oncall": f"{marker}3"},
                       titles={"oncall": f"{marker}4"}, metadata={"x": f"{marker}5"})  # fmt: skip
    moved = await now(world) + 8 * HOUR
    await more(world, shown, Asked(moved, moved + HOUR), title=f"{marker}6", body=f"{marker}7", audiences=("oncall",))
    page = await look(world, settings)
    [one] = page.maintenances
    assert one.window is not None
    assert one.window.starts_at < moved - HOUR, "what was only said inside moves nothing outside"
    assert one.moves == 0
    await move_on(world, 9 * HOUR, steps=2)
    write(settings.page_directory, render(await look(world, settings)))
    for path in settings.page_directory.rglob("*"):
        if path.is_file() and path.suffix != ".gz":
            assert marker.encode() not in path.read_bytes().replace(b"\r\n ", b""), path
    for address in ("/", "/de/", "/history", "/maintenance.ics", "/api/v2/scheduled-maintenances.json"):
        answer = await visitor.get(address)
        assert answer.status_code == 200, address
        assert "New database" in answer.text, address
        assert marker not in answer.text, address


async def test_the_page_follows_its_whole_life(world: World, settings: Settings) -> None:
    await world.component("shop")
    about = await plan(world, touches=("shop",))
    one, page = await only(world, settings), await look(world, settings)
    assert one.window is not None
    assert (one.status, one.started_at, page.state) == (
        Status.SCHEDULED, one.window.starts_at, ComponentStatus.OPERATIONAL,
    )  # fmt: skip
    await more(world, about, Asked(ends_at=one.window.ends_at + HOUR))
    await more(world, about)
    assert (await only(world, settings)).moves == 1
    await move_on(world, 3 * HOUR)
    one, page = await only(world, settings), await look(world, settings)
    assert (one.status, page.components[0].status) == (Status.IN_PROGRESS, ComponentStatus.UNDER_MAINTENANCE)
    assert page.state is ComponentStatus.UNDER_MAINTENANCE
    began = one.started_at
    await move_on(world, 2 * HOUR)
    one, page = await only(world, settings), await look(world, settings)
    assert (one.status, one.started_at, page.state) == (Status.COMPLETED, began, ComponentStatus.OPERATIONAL)
    assert one.resolved_at is not None
    assert one.resolved_at - began >= 2 * HOUR
    assert page.components[0].days[-1].worst in {ComponentStatus.UNDER_MAINTENANCE, ComponentStatus.OPERATIONAL}


async def test_what_is_cancelled_counts_up_in_the_calendar(world: World, settings: Settings) -> None:
    about = await plan(world)
    before = event(render(await look(world, settings)))
    later = await now(world) + 9 * HOUR
    await more(world, about, Asked(later, later + HOUR))
    await more(world, about, status=Status.CANCELLED)
    files = render(await look(world, settings))
    after = event(files)
    assert str(after["UID"]) == str(before["UID"])
    assert (int(before["SEQUENCE"]), int(after["SEQUENCE"]), str(after["STATUS"])) == (0, 2, "CANCELLED")
    assert json.loads(files["api/v2/scheduled-maintenances.json"])["scheduled_maintenances"] == []


async def test_visitors_read_of_it_in_both_languages_and_by_feed(
    world: World, settings: Settings, visitor: httpx.AsyncClient
) -> None:
    await world.component("shop")
    about = await plan(world, touches=("shop",), texts={"customers.de": "Wir ersetzen sie."})
    write(settings.page_directory, render(await look(world, settings)))
    english, german = (await visitor.get("/")).text, (await visitor.get("/de/")).text
    assert "Planned from <time" in english
    assert "Geplant von <time" in german
    assert "Wir ersetzen sie." in german
    own = (await visitor.get(f"/incidents/{about.incident_id}")).text
    assert "Scheduled. Planned from <time" in own
    assert "Planned from" in (await visitor.get("/history")).text
    for feed in ("/history.atom", "/de/history.rss"):
        assert about.incident_id in (await visitor.get(feed)).text
    answer = await visitor.get("/maintenance.ics")
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    again = await visitor.get("/maintenance.ics", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
    assert (await visitor.get("/subscribe")).text.count("/maintenance.ics") == 1
