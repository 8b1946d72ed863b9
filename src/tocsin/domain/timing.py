"""When someone wants to hear: at once or in a digest, and never in their quiet hours. It delays news and drops none.

Hours are those of the reader's own time zone. Each end is worked out anew from the rule, never by adding 24 hours, so
that days with a change of clocks come out right: an hour that does not exist begins when the clocks have moved on, an
hour that there is twice is the first of the two (PEP 495, fold=0).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tocsin.domain.delivery import Reason

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# Quiet hours that never end are ended here, so that nobody is left in the dark.
_LONGEST_QUIET = timedelta(days=7)


class QuietHours(NamedTuple):
    """On each of `days` from `begins` until `ends`; an end that is not later than the beginning is on the next day."""

    days: frozenset[str]
    begins: time
    ends: time


@dataclass(frozen=True, slots=True, eq=False)
class Timing:
    """`mode` is realtime, hourly or daily; `digest_at` is for daily; `chosen`: the subscriber named the mode.

    Until `paused_until` all waits, urgent or not. What is the same is the same object, so that it is found quickly.
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
        at = _digest_after(timing, where, int(since // 60))
    if not (urgent and timing.sev1_breaks_quiet):
        earliest = max(at, now)
        end = _quiet_end(timing, where, int(earliest // 60)) if timing.quiet else 0.0
        if end > earliest:
            reason, at = Reason.QUIET_HOURS, end
    return Held(at, reason) if at > now else None


# All hours are whole minutes, so whatever holds at a minute's beginning holds until its end.
@lru_cache(maxsize=65_536)
def _digest_after(timing: Timing, where: ZoneInfo, minute: int) -> float:
    return _digest(timing, where, minute * 60.0)


@lru_cache(maxsize=65_536)
def _quiet_end(timing: Timing, where: ZoneInfo, minute: int) -> float:
    end = _quiet_until(timing.quiet, where, minute * 60.0)
    return end if end > minute * 60 else 0.0


def never_awake(timing: Timing) -> bool:
    """Tell whether quiet hours leave no hour in a week."""
    monday = datetime(2024, 1, 1, tzinfo=UTC).timestamp()
    return _quiet_until(timing.quiet, ZoneInfo("UTC"), monday) >= monday + _LONGEST_QUIET.total_seconds()


def _digest(timing: Timing, where: ZoneInfo, since: float) -> float:
    then = datetime.fromtimestamp(since, where)
    if timing.mode == "hourly":
        return (then.astimezone(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)).timestamp()
    assert timing.digest_at is not None, "a daily digest has its hour: a constraint of the table"
    day = then.date()
    while (slot := _moment(day.toordinal(), timing.digest_at, where)) <= since:
        day += timedelta(days=1)
    return slot


def _quiet_until(quiet: tuple[QuietHours, ...], where: ZoneInfo, at: float) -> float:
    """Return the end of the quiet hours that `at` lies in, through others that follow at once; `at` if in none."""
    limit = at + _LONGEST_QUIET.total_seconds()
    end = at
    while end < limit:
        later = max((_end_of(one, where, end) for one in quiet), default=end)
        if later <= end:
            break
        end = later
    return min(end, limit)


def _end_of(quiet: QuietHours, where: ZoneInfo, at: float) -> float:
    today = datetime.fromtimestamp(at, where).date().toordinal()
    for day in (today - 1, today):
        if DAYS[(day - 1) % 7] not in quiet.days:
            continue
        begins = _moment(day, quiet.begins, where)
        ends = _moment(day + (quiet.ends <= quiet.begins), quiet.ends, where)
        if begins <= at < ends:
            return ends
    return at


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


@lru_cache(maxsize=4096)
def _parse(
    mode: str | None,
    digest_at: str | None,
    quiet: tuple[tuple[tuple[str, ...], str, str], ...],
    breaks: bool,  # noqa: FBT001 - a cache's key has no names
    paused_until: float,
) -> Timing:
    return Timing(
        mode or "realtime",
        None if digest_at is None else time.fromisoformat(digest_at),
        tuple(QuietHours(frozenset(days), time.fromisoformat(a), time.fromisoformat(b)) for days, a, b in quiet),
        breaks,
        paused_until,
        mode is not None,
    )


@lru_cache(maxsize=65_536)
def read_timing_text(stored: str) -> Timing:
    """Return the timing of the JSON that is stored; as often as it is read, it is the same."""
    return read_timing(json.loads(stored))


def read_timing(stored: Mapping[str, Any]) -> Timing:
    """Return the timing as it is stored with an endpoint: the fields of a preference, as the API has them."""
    quiet = tuple((tuple(one["days"]), str(one["from"]), str(one["to"])) for one in stored.get("quiet_hours") or ())
    breaks, paused = bool(stored.get("sev1_breaks_quiet", True)), float(stored.get("paused_until") or 0.0)
    return _parse(stored["mode"], stored.get("digest_at"), quiet, breaks, paused)
