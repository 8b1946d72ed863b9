"""The page as files: everything a visitor or a program may ask for, ready to be handed out as it is."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

import tocsin
from tocsin.domain import spoken_time
from tocsin.domain.asset import asset_name
from tocsin.domain.language import ENGLISH
from tocsin.domain.page import Page, PageComponent, PageIncident
from tocsin.domain.page_words import doing_sentence, incident_state, page_state, state_sentence
from tocsin.domain.spoken_html import spoken_names
from tocsin.domain.uptime import uptime
from tocsin_channels.status_page.bars import bars, record
from tocsin_channels.status_page.markdown import to_html
from tocsin_channels.status_page.root import root_files
from tocsin_channels.status_page.statuspage_json import api_files
from tocsin_channels.status_page.write import STAMP, make_stamp

_SHARED = Path(tocsin.__file__).parent / "web"  # the frame and the style are those of all our pages
_RECENT_DAYS = 14


def render(page: Page) -> dict[str, bytes]:
    """Return path → content; the stamp is the last one."""
    files = dict(_assets())
    for incident in page.incidents:
        files[f"incidents/{incident.id}.html"] = _incident_page(incident, page.brand, page.time_zone, page.push_key)
    files["404.html"] = _html("missing.html", page)
    files["history.html"] = _html("history.html", page, months=_by_month(page))
    files |= api_files(page)
    files |= root_files(page)
    files["index.html"] = _index(page)
    files[STAMP] = make_stamp(files, page.rendered_at.astimezone(UTC).isoformat(timespec="microseconds"))
    return files


def _index(page: Page) -> bytes:
    return _html(
        "index.html",
        page,
        push_key=page.push_key,
        state=page_state(page),
        sentence=state_sentence(page),
        doing=doing_sentence(page),
        open=_gravest_first(page.open_incidents),
        promise=min((at for i in page.open_incidents if (at := i.next_update_at)), default=None),
        sections=_sections(page),
        recent=_by_day(page),
        recent_days=_RECENT_DAYS,
    )


def _gravest_first(incidents: list[PageIncident]) -> list[PageIncident]:
    newest = sorted(incidents, key=lambda incident: incident.updated_at, reverse=True)
    return sorted(newest, key=lambda incident: -incident_state(incident).gravity)


def _html(template: str, page: Page, **context: object) -> bytes:
    return _templates().get_template(template).render(page=page, brand=page.brand, **context).encode()


@lru_cache(maxsize=2048)
def _incident_page(incident: PageIncident, brand: str, time_zone: str, push_key: str) -> bytes:
    # What is over does not change: it is rendered once in the life of a worker.
    del time_zone
    return _templates().get_template("incident.html").render(brand=brand, incident=incident, push_key=push_key).encode()


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
    for incident in page.incidents:
        if not incident.is_open and incident.updated_at >= since:
            days.setdefault(_day(incident.started_at, page), []).append(incident)
    return sorted(days.items(), reverse=True)


def _by_month(page: Page) -> list[tuple[str, list[PageIncident]]]:
    months: dict[str, list[PageIncident]] = {}
    for incident in sorted(page.incidents, key=lambda incident: incident.started_at, reverse=True):
        months.setdefault(f"{_day(incident.started_at, page):%B %Y}", []).append(incident)
    return list(months.items())


def _day(at: datetime, page: Page) -> date:
    return at.astimezone(ZoneInfo(page.time_zone)).date()


@cache
def _assets() -> dict[str, bytes]:
    contents = {path.name: path.read_bytes() for path in sorted((_SHARED / "static").iterdir())}
    return {f"static/{asset_name(name, content)}": content for name, content in contents.items()}


@cache
def _templates() -> Environment:
    folders = [Path(__file__).parent / "templates", _SHARED / "templates"]
    environment = Environment(
        loader=FileSystemLoader(folders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    addresses = {f"{path.split('/')[1].split('.')[0]}.{path.rpartition('.')[2]}": f"/{path}" for path in _assets()}
    names: dict[str, Any] = {
        "asset": addresses.__getitem__,
        "bars": bars,
        "uptime": uptime,
        "record": record,
        "incident_state": incident_state,
        "live": None,
        **spoken_names(ENGLISH),
    }
    filters: dict[str, Any] = {
        "instant": spoken_time.instant,
        "clock": spoken_time.clock,
        "moment": spoken_time.moment,
        "relative": spoken_time.relative,
        "duration": spoken_time.duration,
        "full_date": spoken_time.full_date,
        "markdown": to_html,
    }
    environment.globals.update(names)
    environment.filters.update(filters)
    return environment
