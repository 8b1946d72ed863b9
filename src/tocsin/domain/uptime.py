"""A component's past: for each of the last 90 days the worst state, and how long it was down.

Uptime follows Statuspage's rule: a major outage counts in full, a partial one with 0.3, everything else not at all
(https://help.statuspage.io/help/uptime-calendar).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from itertools import pairwise

from tocsin.domain.component import ComponentStatus, worst
from tocsin.domain.page import PageDay

DAYS = 90
_PARTIAL_COUNTS = 0.3


@dataclass(frozen=True, slots=True)
class Span:
    """A component was, by what somebody said, in one state from `start` until `end`."""

    start: datetime
    end: datetime
    status: ComponentStatus


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days that are shown, oldest first, and the moments at which they begin; the last one is today."""

    days: tuple[date, ...]
    starts: tuple[datetime, ...]
    now: datetime

    @classmethod
    def until(cls, now: datetime, zone: tzinfo, days: int = DAYS) -> Calendar:
        today = now.astimezone(zone).date()
        shown = tuple(today - timedelta(days=back) for back in range(days - 1, -1, -1))
        return cls(shown, tuple(datetime(day.year, day.month, day.day, tzinfo=zone) for day in shown), now)


def days_of(spans: Iterable[Span], calendar: Calendar) -> tuple[PageDay, ...]:
    """Return one PageDay for each day of `calendar`; where several spans meet, the worst state counts."""
    states = [ComponentStatus.OPERATIONAL] * len(calendar.days)
    partial = [0.0] * len(calendar.days)
    major = [0.0] * len(calendar.days)
    for span in _flattened(spans, calendar):
        first = bisect_right(calendar.starts, span.start) - 1
        for index in range(first, len(calendar.days)):
            begins = calendar.starts[index]
            ends = calendar.starts[index + 1] if index + 1 < len(calendar.days) else calendar.now
            seconds = (min(span.end, ends) - max(span.start, begins)).total_seconds()
            if seconds <= 0:
                break
            states[index] = worst([states[index], span.status])
            if span.status is ComponentStatus.PARTIAL_OUTAGE:
                partial[index] += seconds
            elif span.status is ComponentStatus.MAJOR_OUTAGE:
                major[index] += seconds
    return tuple(
        PageDay(day, states[index], round(partial[index]), round(major[index]))
        for index, day in enumerate(calendar.days)
    )


def uptime(days: Sequence[PageDay], since: datetime, now: datetime) -> float:
    """Return the percentage of time that a component was up in `days`, of which those before `since` don't count.

    It is rounded down to two places: what was ever down is never called 100 %.
    """
    down = sum(day.major_seconds + _PARTIAL_COUNTS * day.partial_seconds for day in days)
    whole = min(len(days) * 86_400.0, (now - since).total_seconds())
    if down <= 0 or whole <= 0:
        return 100.0
    return max(0, int(10_000 * (1 - down / whole))) / 100


def _flattened(spans: Iterable[Span], calendar: Calendar) -> list[Span]:
    """Return spans that don't overlap, in order, cut to the calendar, each in the worst state said for its time."""
    begin, now = calendar.starts[0], calendar.now
    cut = [
        Span(max(span.start, begin), min(span.end, now), span.status)
        for span in spans
        if span.end > begin and span.start < now and span.status is not ComponentStatus.OPERATIONAL
    ]
    edges = sorted({edge for span in cut for edge in (span.start, span.end)})
    flat: list[Span] = []
    for start, end in pairwise(edges):
        said = [span.status for span in cut if span.start < end and span.end > start]
        if said:
            flat.append(Span(start, end, worst(said)))
    return flat
