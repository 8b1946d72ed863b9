"""Ninety days of a component as one small picture, and the same in words for those who can't see it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from markupsafe import Markup, escape

from tocsin.domain.component import ComponentStatus
from tocsin.domain.language import Language
from tocsin.domain.page import PageComponent, PageDay

_PITCH = 8
_WIDTH = 6
_HEIGHT = 32


def bars(language: Language, component: PageComponent, uptime: float) -> Markup:
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
    label = escape(in_words(language, component, uptime, len(component.days) - len(grey)))
    box = f"0 0 {len(component.days) * _PITCH - 2} {_HEIGHT}"
    parts = [f'<svg class="days" viewBox="{box}" preserveAspectRatio="none" role="img" aria-label="{label}">']
    if grey:
        said = escape(language.say("No record yet"))
        parts.append(f'<path class="unknown" d="{_path(tuple(grey))}"><title>{said}</title></path>')
    if good:
        parts.append(f'<path class="operational" d="{_path(tuple(good))}"/>')
    parts.extend(
        f'<rect class="{day.worst}" x="{index * _PITCH}" width="{_WIDTH}" height="{_HEIGHT}">'
        f"<title>{escape(day_in_words(language, day))}</title></rect>"
        for index, day in bad
    )
    parts.append("</svg>")
    return Markup("".join(parts))  # noqa: S704 numbers, and words escaped above


def in_words(language: Language, component: PageComponent, uptime: float, days: int) -> str:
    """Return what the bars show: how much of the time it worked, and the bad days."""
    bad = [day for day in component.days if day.worst is not ComponentStatus.OPERATIONAL]
    said = language.count(
        "{name}: {share} uptime in the last day.", "{name}: {share} uptime in the last {n} days.", days,
        name=component.name, share=_share(language, uptime),
    )  # fmt: skip
    return " ".join([said, *(f"{day_in_words(language, day)}." for day in bad[-10:])])


def record(language: Language, component: PageComponent, uptime: float, now: datetime) -> str:
    """Return "99.98 % uptime", and since when where that is not the whole time shown."""
    share = _share(language, uptime)
    if component.created_at > now - timedelta(days=len(component.days)):
        since = language.full_date(component.created_at.date())
        return language.say("{share} uptime since {date}", share=share, date=since)
    return language.say("{share} uptime", share=share)


def day_in_words(language: Language, day: PageDay) -> str:
    """Return "21 November 2026: partly down for 12 min"."""
    down = (
        (ComponentStatus.MAJOR_OUTAGE, day.major_seconds),
        (ComponentStatus.PARTIAL_OUTAGE, day.partial_seconds),
    )
    parts = [
        language.say("{state} for {duration}", state=language.say(status.words), duration=language.duration(seconds))
        for status, seconds in down
        if seconds
    ]
    return f"{language.full_date(day.day)}: {', '.join(parts) or language.say(day.worst.words)}"


def _share(language: Language, uptime: float) -> str:
    return f"{language.number(uptime)} %"


@lru_cache(maxsize=512)
def _path(indexes: Sequence[int]) -> str:
    return "".join(f"M{index * _PITCH} 0h{_WIDTH}v{_HEIGHT}h-{_WIDTH}z" for index in indexes)
