"""What visitors may know: everything public, and nothing that was only said inside (promise D6)."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from delivery.world import World
from tocsin.domain.component import ComponentStatus
from tocsin.domain.incident import Severity, Status
from tocsin.domain.page import Page
from tocsin.domain.update import Draft
from tocsin.languages import read_languages
from tocsin.services.publish import Published, add_update, open_incident
from tocsin.services.show_page import read_page
from tocsin.settings import Settings
from tocsin.store.engine import begin
from tocsin_channels.status_page.render import render
from tocsin_channels.status_page.write import write

PUBLIC = ("oncall", "support", "customers")
LANGUAGES = read_languages(Path("/nowhere")).languages


async def look(world: World, settings: Settings) -> Page:
    async with begin(world.engine) as connection:
        return await read_page(connection, settings, LANGUAGES)


async def say(world: World, about: Published | None = None, **values: Any) -> Published:
    said: dict[str, Any] = {"body": "Public words.", "title": None if about else "Public title", "audiences": PUBLIC}
    draft = Draft(**said | values)
    async with world.pool.acquire() as connection, connection.transaction():
        if about is None:
            return await open_incident(connection, draft, world.policy, world.audiences, "test")
        return await add_update(connection, about.incident_id, draft, world.policy, world.audiences, "test")


async def shift(world: World, **by: float) -> None:
    """Let time go by."""
    await world.run("UPDATE clock SET shift = shift + :by", by=timedelta(**by))


async def test_nothing_internal_is_in_any_public_file_or_answer(
    world: World, settings: Settings, visitor: httpx.AsyncClient
) -> None:
    marker = "MARKER7Q"
    await world.component("shop")
    await world.run(
        "INSERT INTO component (public_id, slug, name, internal, status) VALUES (:m, :m, :m, true, 'major_outage')",
        m=f"{marker}db",
    )
    await world.run("INSERT INTO component_group (public_id, slug, name) VALUES (:m, :m, :m)", m=f"{marker}gr")
    # Never public, public from the second update on, and public with words for others beside.
    await say(world, title=f"{marker}1", body=f"{marker}2", audiences=("oncall",), components={"shop": DOWN})
    later = await say(world, title=f"{marker}3", body=f"{marker}4", audiences=("oncall",), severity=Severity.SEV1)
    await say(world, later, title="Now public", titles={"oncall": f"{marker}5"},
              texts={"support": f"{marker}6", "oncall.de": f"{marker}10"},
              metadata={"x": {"y": f"{marker}7"}}, components={f"{marker}db": DOWN, "shop": SLOW})  # fmt: skip
    await say(world, later, body=f"{marker}8", title=f"{marker}9", audiences=("oncall",), status=Status.RESOLVED)
    write(settings.page_directory, render(await look(world, settings)))

    for path in settings.page_directory.rglob("*"):
        if path.is_file() and path.suffix != ".gz":
            assert marker.encode() not in path.read_bytes(), path
    for address in public_addresses(settings.page_directory):
        answer = await visitor.get(address)
        assert answer.status_code in {200, 404}, address
        assert marker not in answer.text, address
        assert marker not in str(answer.headers), address
    assert "Now public" in (await visitor.get("/")).text


DOWN, SLOW = ComponentStatus.MAJOR_OUTAGE, ComponentStatus.DEGRADED_PERFORMANCE


def public_addresses(folder: Path) -> list[str]:
    stamp: dict[str, Any] = json.loads((folder / "stamp.json").read_bytes())
    paths = [f"/{path.removesuffix('.html')}" for path in stamp["files"]]
    return [*paths, "/", "/incidents/unknown", "/?q=x"]


async def test_an_internal_update_changes_nothing_that_visitors_see(world: World, settings: Settings) -> None:
    await world.component("shop")
    first = await say(world, components={"shop": SLOW}, severity=Severity.SEV3, next_update_in=timedelta(minutes=30))
    before = await look(world, settings)
    await shift(world, minutes=5)
    await say(world, first, body="psp-gw-3 is dead", title="PSP", severity=Severity.SEV1, components={"shop": DOWN},
              audiences=("oncall",), status=Status.RESOLVED, next_update_in=timedelta(minutes=1))  # fmt: skip
    after = await look(world, settings)
    assert after.incidents == before.incidents
    assert after.components[0].status is SLOW
    assert after.components[0].updated_at == before.components[0].updated_at
    assert json_of(after) == json_of(before)


def json_of(page: Page) -> dict[str, bytes]:
    return {path: content for path, content in render(page).items() if path.startswith("api/")}


async def test_how_long_it_was_known_inside_is_not_told(world: World, settings: Settings) -> None:
    hidden = await say(world, title="Secret", audiences=("oncall",))
    await shift(world, hours=3)
    await say(world, hidden, title="Now we say it", components={})
    [shown] = (await look(world, settings)).incidents
    assert shown.started_at == shown.created_at == shown.updated_at == shown.updates[0].created_at
    [(age,)] = await world.rows("SELECT tocsin_now() - CAST(:at AS timestamptz)", at=shown.started_at)
    assert age < timedelta(minutes=1)


async def test_a_public_incident_begins_when_it_says_it_did(world: World, settings: Settings) -> None:
    [(began,)] = await world.rows("SELECT tocsin_now() - interval '2 hours'")
    assert isinstance(began, datetime)
    await say(world, started_at=began)
    [shown] = (await look(world, settings)).incidents
    assert (shown.started_at, shown.created_at) == (began, shown.updated_at)


async def test_a_resolution_that_was_only_said_inside_leaves_it_open_outside(world: World, settings: Settings) -> None:
    first = await say(world)
    await say(world, first, audiences=("oncall",), status=Status.RESOLVED)
    assert [one.is_open for one in (await look(world, settings)).incidents] == [True]


async def test_the_text_is_that_of_the_widest_audience(world: World, settings: Settings) -> None:
    await say(world, body="For all.", titles={"customers": "Shown title"}, texts={"support": "Inner."})
    await say(
        world, body="Inner body.", texts={"customers": "Shown.", "customers.de": "Gezeigt.", "support.de": "Innen."}
    )
    page = await look(world, settings)
    assert sorted(one.updates[0].body for one in page.incidents) == ["For all.", "Shown."]
    assert sorted(one.title for one in page.incidents) == ["Public title", "Shown title"]
    [german] = page.translations
    assert (german.language.code, german.components) == ("de", page.components)
    assert sorted(one.updates[0].body for one in german.incidents) == ["For all.", "Gezeigt."]


async def test_a_component_stands_as_badly_as_anyone_says(world: World, settings: Settings) -> None:
    await world.component("shop")
    await world.run("UPDATE component SET status = 'degraded_performance'")
    assert (await look(world, settings)).components[0].status is SLOW
    first = await say(world, components={"shop": DOWN})
    assert (await look(world, settings)).components[0].status is DOWN
    await say(world, first, status=Status.RESOLVED)
    page = await look(world, settings)
    assert page.components[0].status is SLOW
    [told] = page.incidents
    assert [(before, after) for _, _, before, after in told.updates[0].components] == [
        (DOWN, ComponentStatus.OPERATIONAL)
    ]


async def test_history_is_made_of_what_was_said_when(world: World, settings: Settings) -> None:
    await world.component("shop")
    await world.run("UPDATE component SET created_at = created_at - interval '200 days'")
    await world.run("UPDATE clock SET shift = -interval '5 days'")
    first = await say(world, components={"shop": DOWN})
    await shift(world, hours=2)
    await say(world, first, components={"shop": ComponentStatus.PARTIAL_OUTAGE}, status=Status.MONITORING)
    await shift(world, hours=1)
    await say(world, first, status=Status.RESOLVED)
    await world.run("UPDATE clock SET shift = '0'")
    page = await look(world, settings)
    days = page.components[0].days
    assert len(days) == 90
    assert abs(sum(day.major_seconds for day in days) - 7200) <= 5
    assert abs(sum(day.partial_seconds for day in days) - 3600) <= 5
    [told] = page.incidents
    assert told.monitoring_at is not None
    assert told.resolved_at == told.updated_at
    assert told.updated_at - told.started_at >= timedelta(hours=3)


async def test_what_was_set_by_hand_is_history_too(world: World, settings: Settings) -> None:
    await world.component("shop")
    await world.run(
        """INSERT INTO component_status (component_id, status, since)
           SELECT id, x.status, tocsin_now() - x.ago FROM component,
             (VALUES ('major_outage', interval '200 days'), ('operational', interval '89 days'),
                     ('partial_outage', interval '3 hours'), ('operational', interval '1 hour')) x (status, ago)"""
    )
    days = (await look(world, settings)).components[0].days
    assert days[0].worst is DOWN
    assert abs(sum(day.partial_seconds for day in days) - 7200) <= 5


async def test_what_is_older_than_90_days_is_gone_unless_it_is_still_open(world: World, settings: Settings) -> None:
    await world.run("UPDATE clock SET shift = -interval '100 days'")
    over = await say(world, title="Over")
    await say(world, over, status=Status.RESOLVED)
    await say(world, title="Still open")
    await world.run("UPDATE clock SET shift = '0'")
    assert [one.title for one in (await look(world, settings)).incidents] == ["Still open"]


async def test_an_empty_page_is_a_page(world: World, settings: Settings) -> None:
    page = await look(world, settings)
    assert (page.brand, page.url, len(page.id)) == ("Acme", settings.url, 12)
    assert (list(page.components), list(page.groups), list(page.incidents)) == ([], [], [])
    assert b"Everything is working." in render(page)["index.html"]
