"""The calendar of maintenances: what RFC 5545 asks for, and that a calendar which has it moves and strikes out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from page_samples import NOW, in_german, incident, maintenance, page, update
from tocsin.domain.component import ComponentStatus
from tocsin.domain.incident import Status
from tocsin.domain.page import Page
from tocsin_channels.status_page.calendar import calendar
from tocsin_channels.status_page.render import render

SOON = maintenance("New database")
SHOWN = page(incidents=[incident("Checkout is failing")], maintenances=[SOON])


def read(shown: Page) -> Any:
    return Calendar.from_ical(calendar(shown))


def event(shown: Page) -> Any:
    [only] = read(shown).walk("VEVENT")
    return only


def test_it_is_a_published_calendar_with_a_name() -> None:
    made = read(SHOWN)
    assert {name: str(made[name]) for name in ("VERSION", "METHOD", "CALSCALE", "X-WR-CALNAME")} == {
        "VERSION": "2.0",
        "METHOD": "PUBLISH",
        "CALSCALE": "GREGORIAN",
        "X-WR-CALNAME": "Acme maintenance",
    }
    assert made["PRODID"]
    assert b"REFRESH-INTERVAL;VALUE=DURATION:PT1H\r\n" in calendar(SHOWN)


def test_an_event_says_when_and_what_in_utc() -> None:
    found = event(SHOWN)
    assert str(found["UID"]) == "mnt000000001@status.acme.test"
    assert found["DTSTART"].dt == datetime(2026, 11, 21, 21, 31, tzinfo=UTC)
    assert found["DTEND"].dt == datetime(2026, 11, 21, 23, 31, tzinfo=UTC)
    assert b"DTSTART:20261121T213100Z\r\n" in calendar(SHOWN)
    assert found["DTSTAMP"].dt == found["LAST-MODIFIED"].dt == SOON.updated_at
    assert (int(found["SEQUENCE"]), str(found["STATUS"])) == (0, "CONFIRMED")
    assert str(found["SUMMARY"]) == "New database"
    assert str(found["URL"]) == "https://status.acme.test/incidents/mnt000000001"
    assert str(found["DESCRIPTION"]).startswith("Scheduled: We replace the database.\n\nhttps://")


def test_what_moved_keeps_its_name_and_counts_up() -> None:
    moved = replace(maintenance("New database", starts_at=NOW + timedelta(days=2)), moves=1)
    found = event(page(maintenances=[moved]))
    assert str(found["UID"]) == str(event(SHOWN)["UID"])
    assert int(found["SEQUENCE"]) == 1
    assert found["DTSTART"].dt == NOW + timedelta(days=2)


def test_what_is_cancelled_says_so_and_what_is_done_stays() -> None:
    off = maintenance("Off", update("No.", Status.CANCELLED), id_="mnt000000002", moves=1)
    done = maintenance("Done", update("Yes.", Status.COMPLETED), id_="mnt000000003")
    said = {str(one["SUMMARY"]): str(one["STATUS"]) for one in read(page(maintenances=[off, done])).walk("VEVENT")}
    assert said == {"Off": "CANCELLED", "Done": "CONFIRMED"}


def test_it_names_the_components_that_visitors_know() -> None:
    affected = (("shopxxxxxxxx", "Shop", ComponentStatus.OPERATIONAL, ComponentStatus.UNDER_MAINTENANCE),)
    told = update("It has begun.", Status.IN_PROGRESS, components=affected)
    before = update("We **replace** it.", Status.SCHEDULED)
    description = str(event(page(maintenances=[maintenance("x", told, before)]))["DESCRIPTION"])
    assert description.startswith("Shop\n\nIn progress: It has begun.\n\nScheduled: We replace it.\n\nhttps://")


def test_it_is_there_in_each_language_and_the_same_as_long_as_nothing_changes() -> None:
    files = render(in_german(SHOWN))
    assert b"Wartungen bei Acme" in files["de/maintenance.ics"]
    assert b"https://status.acme.test/de/incidents/mnt000000001" in files["de/maintenance.ics"].replace(b"\r\n ", b"")
    later = replace(in_german(SHOWN), rendered_at=NOW + timedelta(hours=1))
    assert render(later)["maintenance.ics"] == files["maintenance.ics"]


def test_a_page_without_any_has_an_empty_calendar() -> None:
    assert read(page(incidents=[incident("Checkout is failing")])).walk("VEVENT") == []


@given(st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=200))
def test_whatever_people_write_stays_in_its_line(words: str) -> None:
    written = calendar(page(maintenances=[maintenance(words, update(f"{words}\n{words}", Status.SCHEDULED))]))
    assert all(len(line) <= 75 for line in written.split(b"\r\n"))
    assert b"\n" not in written.replace(b"\r\n", b"")
    found = event(page(maintenances=[maintenance(words)]))
    assert str(found["SUMMARY"]) == words
    assert len(Calendar.from_ical(written).walk()) == 2


@pytest.mark.parametrize("words", ["END:VEVENT\nBEGIN:VEVENT", "a;b,c\\n\\", 'x"; X-ALT=1:y'])
def test_nothing_that_people_write_becomes_a_property(words: str) -> None:
    found = event(page(maintenances=[maintenance("x", update(words, Status.SCHEDULED))]))
    assert set(found) == {
        "UID", "DTSTAMP", "CREATED", "LAST-MODIFIED", "DTSTART", "DTEND", "SEQUENCE", "STATUS", "SUMMARY",
        "DESCRIPTION", "URL", "TRANSP",
    }  # fmt: skip
