"""Ninety days of a component as one small picture, and the same in words for those who can't see it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache

from markupsafe import Markup, escape

from tocsin.domain.component import ComponentStatus
from tocsin.domain.page import PageComponent, PageDay
from tocsin.domain.spoken_time import duration, full_date

_PITCH = 8
_WIDTH = 6
_HEIGHT = 32
_SAYS = {
    ComponentStatus.OPERATIONAL: "no problem",
    ComponentStatus.UNDER_MAINTENANCE: "maintenance",
    ComponentStatus.DEGRADED_PERFORMANCE: "slow",
    ComponentStatus.PARTIAL_OUTAGE: "partly down",
    ComponentStatus.MAJOR_OUTAGE: "down",
}


def bars(component: PageComponent, uptime: float) -> Markup:
    """Return an SVG with one bar a day; days before the component existed are grey."""
    since = component.created_at.date()
    good: list[int] = []
    grey: list[int] = []
    bad: list[tuple[int, PageDay]] = []
    for index, day in enumerate(component.days):
        if day.worst is not ComponentStatus.OPERATIONAL:
            bad.append((index, day))
        else:
            (grey if day.day < since else good).append(index)
    label = escape(in_words(component, uptime, len(component.days) - len(grey)))
    box = f"0 0 {len(component.days) * _PITCH - 2} {_HEIGHT}"
    parts = [f'<svg class="days" viewBox="{box}" preserveAspectRatio="none" role="img" aria-label="{label}">']
    if grey:
        parts.append(f'<path class="unknown" d="{_path(tuple(grey))}"><title>No record yet</title></path>')
    if good:
        parts.append(f'<path class="operational" d="{_path(tuple(good))}"/>')
    parts.extend(
        f'<rect class="{day.worst}" x="{index * _PITCH}" width="{_WIDTH}" height="{_HEIGHT}">'
        f"<title>{day_in_words(day)}</title></rect>"
        for index, day in bad
    )
    parts.append("</svg>")
    return Markup("".join(parts))  # noqa: S704 numbers, dates and what was escaped above


def in_words(component: PageComponent, uptime: float, days: int) -> str:
    """Return what the bars show: how much of the time it worked, and the bad days."""
    bad = [day for day in component.days if day.worst is not ComponentStatus.OPERATIONAL]
    said = f"{component.name}: {uptime:g} % uptime in the last {days} {'day' if days == 1 else 'days'}."
    return " ".join([said, *(f"{day_in_words(day)}." for day in bad[-10:])])


def record(component: PageComponent, uptime: float, now: datetime) -> str:
    """Return "99.98 % uptime", and since when where that is not the whole time shown."""
    if component.created_at > now - timedelta(days=len(component.days)):
        return f"{uptime:g} % uptime since {full_date(component.created_at.date())}"
    return f"{uptime:g} % uptime"


def day_in_words(day: PageDay) -> str:
    """Return "21 November 2026: partly down for 12 min"."""
    parts = [
        f"{words} for {duration(seconds)}"
        for words, seconds in (("down", day.major_seconds), ("partly down", day.partial_seconds))
        if seconds
    ]
    return f"{_full_date(day.day)}: {', '.join(parts) or _SAYS[day.worst]}"


@lru_cache(maxsize=512)
def _full_date(day: date) -> str:
    return full_date(day)


@lru_cache(maxsize=512)
def _path(indexes: Sequence[int]) -> str:
    return "".join(f"M{index * _PITCH} 0h{_WIDTH}v{_HEIGHT}h-{_WIDTH}z" for index in indexes)
