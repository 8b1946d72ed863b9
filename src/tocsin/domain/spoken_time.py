"""Times as people say them: a clock for reading now, a date for reading later, and how long ago or how soon."""

from __future__ import annotations

from datetime import UTC, date, datetime

_MINUTE = 60
_HOUR = 3600
_DAY = 86_400


def instant(at: datetime) -> str:
    """Return `at` as machines read it: RFC 3339 in UTC, whole seconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def clock(at: datetime) -> str:
    """Return "12:31 UTC"."""
    return at.astimezone(UTC).strftime("%H:%M UTC")


def moment(at: datetime) -> str:
    """Return "21 Nov, 12:31 UTC"."""
    at = at.astimezone(UTC)
    return f"{at.day} {at:%b, %H:%M UTC}"


def full_date(day: date) -> str:
    """Return "21 November 2026"."""
    return f"{day.day} {day:%B %Y}"


def duration(seconds: float) -> str:
    """Return a length of time with at most two units: "45 s", "12 min", "1 h 5 min", "3 days"."""
    whole = max(0, round(seconds))
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min"
    if whole < 2 * _DAY:
        hours, rest = divmod(whole, _HOUR)
        return f"{hours} h {rest // _MINUTE} min" if rest >= _MINUTE else f"{hours} h"
    return f"{whole // _DAY} days"


def relative(at: datetime, now: datetime) -> str:
    """Return "in 12 min" or "5 min ago"."""
    seconds = (at - now).total_seconds()
    if abs(seconds) < _MINUTE:
        return "in a moment" if seconds > 0 else "just now"
    return f"in {duration(seconds)}" if seconds > 0 else f"{duration(-seconds)} ago"
