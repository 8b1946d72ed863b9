"""The maintenances as a calendar that people subscribe to: iCalendar (RFC 5545), published (RFC 5546, 3.2.1).

A maintenance keeps its UID for good. Its SEQUENCE rises with each other window and when it is cancelled, so that a
calendar moves what it has, or strikes it out. Times are UTC; what has not changed is the same to the byte.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from icalendar import Calendar, Event, vText

from tocsin.domain.incident import Status
from tocsin.domain.page import Page, PageIncident, page_path
from tocsin.domain.speech import LABELS
from tocsin_channels.passages import words_of

_LOOK_AGAIN: Final = timedelta(hours=1)
# What a line cannot carry (RFC 5545, 3.1): controls, and halves of characters.
_NO_TEXT: Final = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def calendar(page: Page) -> bytes:
    """Return all maintenances that the page tells of as one file."""
    made = Calendar()
    name = vText(" ".join(_text(page.language.say("{brand} maintenance", brand=page.brand)).split()))
    made.add("prodid", f"-//Tocsin//status page//{page.language.code.upper()}")
    made.add("version", "2.0")
    made.add("calscale", "GREGORIAN")
    made.add("method", "PUBLISH")
    made.add("name", name)  # RFC 7986
    made.add("x-wr-calname", name)
    made.add("refresh-interval", _LOOK_AGAIN, parameters={"value": "DURATION"})
    made.add("x-published-ttl", "PT1H")
    for one in page.maintenances:
        made.add_component(_event(page, one))
    return bytes(made.to_ical())


def _event(page: Page, one: PageIncident) -> Event:
    assert one.window is not None, "it is a maintenance"
    at = f"{page.url}{page_path(page.language, f'incidents/{one.id}')}"
    event = Event()
    event.add("uid", f"{one.id}@{urlsplit(page.url).hostname or 'tocsin'}")
    event.add("dtstamp", _utc(one.updated_at))
    event.add("created", _utc(one.created_at))
    event.add("last-modified", _utc(one.updated_at))
    event.add("dtstart", _utc(one.window.starts_at))
    event.add("dtend", _utc(one.window.ends_at))
    event.add("sequence", one.moves)
    event.add("status", "CANCELLED" if one.status is Status.CANCELLED else "CONFIRMED")
    event.add("summary", _text(one.title))
    event.add("description", _text(f"{_words(page, one)}\n\n{at}"))
    event.add("url", at)
    event.add("transp", "TRANSPARENT")  # nobody is busy because of it
    return event


def _words(page: Page, one: PageIncident) -> str:
    """Return which components it touches, and all that was said of it, the newest first."""
    names = ", ".join(name for _, name, _, _ in one.updates[0].components)
    said = [f"{page.language.say(LABELS[update.status])}: {words_of(update.body)}" for update in one.updates]
    return "\n\n".join([names, *said] if names else said)


def _text(words: str) -> str:
    return _NO_TEXT.sub("\ufffd", words)


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(microsecond=0)
