"""The page as files: everything a visitor or a program may ask for, ready to be handed out as it is."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from tocsin.domain.maintenance import Times
from tocsin.domain.page import Page, PageComponent, PageIncident, page_path
from tocsin_channels.status_page.badge import badge
from tocsin_channels.status_page.calendar import calendar
from tocsin_channels.status_page.feeds import feed_files
from tocsin_channels.status_page.frame import Frame, assets
from tocsin_channels.status_page.root import root_files
from tocsin_channels.status_page.sentences import doing_sentence, state_sentence
from tocsin_channels.status_page.statuspage_json import api_files
from tocsin_channels.status_page.write import STAMP, make_stamp

_RECENT_DAYS = 14


def render(page: Page) -> dict[str, bytes]:
    """Return path → content: the page in each of its languages, and what programs read; the stamp is the last one."""
    pages = (page, *page.translations)
    languages = tuple(one.language for one in pages)
    files = {**assets(), **api_files(page), **root_files(page)}
    for one in reversed(pages):
        frame = Frame(one.language, languages, one.brand, one.url, one.push_key)
        folder = page_path(one.language)[1:]
        files |= {f"{folder}{path}": content for path, content in _visitors_files(one, frame).items()}
    files[STAMP] = make_stamp(files, page.rendered_at.astimezone(UTC).isoformat(timespec="microseconds"))
    return files


def _visitors_files(page: Page, frame: Frame) -> dict[str, bytes]:
    incidents = {f"incidents/{incident.id}.html": _incident_page(frame, incident) for incident in page.told}
    return {
        **incidents,
        **feed_files(page),
        "maintenance.ics": calendar(page),
        "404.html": frame.html("missing.html"),
        "badge.svg": badge(page),
        "embed.json": _embedded(page),
        "history.html": frame.html("history.html", at="history", page=page, months=_by_month(page)),
        "index.html": _index(page, frame),
    }


def _index(page: Page, frame: Frame) -> bytes:
    return frame.html(
        "index.html",
        page=page,
        sentence=state_sentence(page),
        doing=doing_sentence(page),
        open=_gravest_first(page.open_incidents),
        under_way=page.maintenances_in(Times.ACTIVE),
        planned=page.maintenances_in(Times.UPCOMING),
        promise=min((at for i in page.open_incidents if (at := i.next_update_at)), default=None),
        sections=_sections(page),
        recent=_by_day(page),
        recent_days=_RECENT_DAYS,
    )


def _embedded(page: Page) -> bytes:
    """Return what embed.js says of the page; the same for as long as nothing changes."""
    said = {
        "lang": page.language.code,
        "state": page.state,
        "sentence": state_sentence(page),
        "doing": doing_sentence(page),
        "hide": page.language.say("Hide"),
    }
    return json.dumps(said, ensure_ascii=False).encode()


def _gravest_first(incidents: list[PageIncident]) -> list[PageIncident]:
    newest = sorted(incidents, key=lambda incident: incident.updated_at, reverse=True)
    return sorted(newest, key=lambda incident: -incident.state.gravity)


@lru_cache(maxsize=4096)
def _incident_page(frame: Frame, incident: PageIncident) -> bytes:
    # What is over does not change: it is rendered once in the life of a worker.
    return frame.html("incident.html", at=f"incidents/{incident.id}", incident=incident)


def _sections(page: Page) -> list[tuple[str, list[PageComponent]]]:
    """Return the components as they are shown: those of no group first, then group by group."""
    loose = [component for component in page.components if component.group is None]
    groups = [
        (group.name, [component for component in page.components if component.group == group.id])
        for group in page.groups
    ]
    return [(name, components) for name, components in [("", loose), *groups] if components]


def _by_day(page: Page) -> list[tuple[date, list[PageIncident]]]:
    """Return what is over, of the last days, under the day it began."""
    since = page.rendered_at - timedelta(days=_RECENT_DAYS)
    days: dict[date, list[PageIncident]] = {}
    for incident in page.told:
        if not incident.is_open and incident.updated_at >= since:
            # What was called off before it began has its place where that was said.
            days.setdefault(_day(min(incident.started_at, incident.updated_at), page), []).append(incident)
    return sorted(days.items(), reverse=True)


def _by_month(page: Page) -> list[tuple[str, list[PageIncident]]]:
    months: dict[date, list[PageIncident]] = {}
    for incident in sorted(page.told, key=lambda incident: incident.started_at, reverse=True):
        months.setdefault(_day(incident.started_at, page).replace(day=1), []).append(incident)
    return [(page.language.month(month), incidents) for month, incidents in months.items()]


def _day(at: datetime, page: Page) -> date:
    return at.astimezone(ZoneInfo(page.time_zone)).date()
