"""When someone wants to hear: at once or in a digest, and never in their quiet hours. It delays news and drops none.

Hours are those of the reader's own time zone. Each end is worked out anew from the rule, never by adding 24 hours, so
that days with a change of clocks come out right: an hour that does not exist begins when the clocks have moved on, an
hour that there is twice is the first of the two (PEP 495, fold=0).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, time
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tocsin.domain.delivery import Reason

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# Quiet hours that never end are ended here, so that nobody is left in the dark.
_LONGEST_QUIET = 7 * 86_400.0
_QUARTER = 900.0


class QuietHours(NamedTuple):
    """On each of `days` from `begins` until `ends`; an end that is not later than the beginning is on the next day."""

    days: frozenset[str]
    begins: time
    ends: time


class Timing(NamedTuple):
    """`mode` is realtime, hourly or daily; `digest_at` is for daily; `chosen`: the subscriber named the mode.

    Until `paused_until` all waits, urgent or not.
    """

    mode: str = "realtime"
    digest_at: time | None = None
    quiet: tuple[QuietHours, ...] = ()
    sev1_breaks_quiet: bool = True
    paused_until: float = 0.0
    chosen: bool = False


class Held(NamedTuple):
    until: float
    reason: Reason


@lru_cache(maxsize=4096)
def zone(name: str) -> ZoneInfo:
    """Return a time zone by its IANA name; UTC for one that is not known any more."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def held(timing: Timing, where: ZoneInfo, since: float, now: float, *, urgent: bool) -> Held | None:
    """Say until when news that is owed since `since` waits for its reader's hours, None where it need not."""
    reason, at = Reason.DIGEST, since
    if timing.paused_until > now:
        return Held(timing.paused_until, Reason.PAUSED)
    if not urgent and timing.mode != "realtime":
        at = _digest_after(timing, where, since)
    if timing.quiet and not (urgent and timing.sev1_breaks_quiet):
        earliest = max(at, now)
        end = _quiet_until(timing.quiet, where, earliest // 60 * 60)  # all hours are whole minutes
        if end > earliest:
            reason, at = Reason.QUIET_HOURS, end
    return Held(at, reason) if at > now else None


def never_awake(timing: Timing) -> bool:
    """Tell whether quiet hours leave no hour in a week."""
    monday = datetime(2024, 1, 1, tzinfo=UTC).timestamp()
    return _quiet_until(timing.quiet, ZoneInfo("UTC"), monday) >= monday + _LONGEST_QUIET


def is_unclear(begins: str, ends: str) -> bool:
    """Tell whether hours, "22:00" to "22:00", may mean nothing or a day: a whole one is 00:00 to 00:00."""
    return begins == ends != "00:00"


def _digest_after(timing: Timing, where: ZoneInfo, since: float) -> float:
    if timing.mode == "hourly":
        return (since // 3600 + 1) * 3600
    assert timing.digest_at is not None, "a daily digest has its hour: a constraint of the table"
    day = _day(where, since // _QUARTER)
    while (slot := _moment(day, timing.digest_at, where)) <= since:
        day += 1
    return slot


def _quiet_until(quiet: tuple[QuietHours, ...], where: ZoneInfo, at: float) -> float:
    """Return the end of the quiet hours that `at` lies in, through others that follow at once; `at` if in none."""
    end = _end_of_any(quiet, where, at)
    if end == at:
        return at
    limit = at + _LONGEST_QUIET
    while end < limit and (later := _end_of_any(quiet, where, end)) > end:
        end = later
    return min(end, limit)


def _end_of_any(quiet: tuple[QuietHours, ...], where: ZoneInfo, at: float) -> float:
    """Return the latest end of the quiet hours that `at` lies in, `at` if it lies in none."""
    today = _day(where, at // _QUARTER)
    latest = at
    for days, begins, ends in quiet:
        overnight = ends <= begins
        # Those of the day before only where they go on past midnight.
        for day in (today - 1, today) if overnight else (today,):
            if DAYS[(day - 1) % 7] in days and _moment(day, begins, where) <= at:
                latest = max(latest, _moment(day + overnight, ends, where))
    return latest


# What clocks show is worked out once for each zone, day and hour that somebody chose, not for each that chose it.
@lru_cache(maxsize=65_536)
def _day(where: ZoneInfo, quarter: float) -> int:
    """Return the ordinal of the day in a quarter of an hour since the epoch: no zone's day begins within one."""
    return datetime.fromtimestamp(quarter * _QUARTER, where).toordinal()


@lru_cache(maxsize=65_536)
def _moment(day: int, clock: time, where: ZoneInfo) -> float:
    """Return when the clocks of `where` show `clock` on `day`; in a gap, the first moment after it."""
    local = datetime.combine(datetime.fromordinal(day), clock, where)
    # A time in the gap is read with the offset from before it, which comes out as the same span after the gap began.
    if local.astimezone(UTC).astimezone(where).replace(tzinfo=None) == local.replace(tzinfo=None):
        return local.timestamp()
    return _moved_on(local.timestamp(), where)


def _moved_on(inside: float, where: ZoneInfo) -> float:
    """Return the moment at which the clocks moved on, looking back from `inside` the hours after it."""
    low, high = inside - 4 * 3600, inside
    offset = datetime.fromtimestamp(low, where).utcoffset()
    while high - low > 1:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, where).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return high


@lru_cache(maxsize=65_536)
def read_timing_text(stored: str) -> Timing:
    """Return the timing of the JSON that is stored."""
    return read_timing(json.loads(stored))


def read_timing(stored: Mapping[str, Any]) -> Timing:
    """Return the timing as it is stored with an endpoint: the fields of a preference, as the API has them."""
    mode, digest_at = stored["mode"], stored.get("digest_at")
    return Timing(
        mode or "realtime",
        None if digest_at is None else _clock(digest_at),
        tuple(
            QuietHours(frozenset(one["days"]), _clock(str(one["from"])), _clock(str(one["to"])))
            for one in stored.get("quiet_hours") or ()
        ),
        bool(stored.get("sev1_breaks_quiet", True)),
        float(stored.get("paused_until") or 0.0),
        mode is not None,
    )


_clock = lru_cache(maxsize=1440)(time.fromisoformat)
