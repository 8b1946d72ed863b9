"""Flood control: how often one endpoint may be rung, and what one message tells when it is.

Level-triggered: what an endpoint was last told is compared with how its incidents stand now, so nothing is dropped and
everything owed is merged. Each endpoint has two lanes, each a list of GCRA tiers; routine news uses the normal lane
only, so it can never spend the urgent reserve (G6). All times are seconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

from tocsin.domain.delivery import Reason
from tocsin.domain.incident import Severity, Standing, Status

NEVER = float("inf")


class Tier(NamedTuple):
    """A generic cell rate: at most `burst` at once, then one each `interval` seconds (ITU-T I.371)."""

    burst: int
    interval: float


class Lanes(NamedTuple):
    """Two tiers each; `urgent` is the reserve for what is urgent."""

    normal: tuple[Tier, Tier]
    urgent: tuple[Tier, Tier]


class Waits(NamedTuple):
    """Seconds to wait, so that what changes meanwhile comes in the same message."""

    urgent: float
    closure: float
    routine: float


class Pace(NamedTuple):
    """One endpoint's theoretical arrival times, a tier each; 0 where it was never rung."""

    n1: float = 0.0
    n2: float = 0.0
    u1: float = 0.0
    u2: float = 0.0


class Class(IntEnum):
    """What a change is to an endpoint, the most pressing first."""

    URGENT = 0
    CLOSURE = 1
    ROUTINE = 2


class Owed(NamedTuple):
    """One incident that an endpoint is owed news of: how it stands, what it was told, and since when it waits."""

    key: int
    now: Standing
    told: Standing | None
    since: float
    first: bool  # this is the incident's first version
    not_before: float = 0.0  # quiet hours, a digest or a retry: held at least until then
    because: Reason = Reason.MERGING  # why it is, where that is for the record
    kind: Class | None = None  # what it is, where that was asked before


class Tell(NamedTuple):
    """Write one message now, telling all of `keys`; `pace` is what the lanes are after it."""

    keys: tuple[int, ...]
    pace: Pace


class Hold(NamedTuple):
    """Nothing now; look again at `until`."""

    until: float
    reason: Reason


class Nothing(NamedTuple):
    """Nothing is owed any more."""


class Verdict(NamedTuple):
    """What to do now, and which of the owed are settled without a word, each with the reason."""

    act: Tell | Hold | Nothing
    settled: tuple[tuple[int, Reason], ...]


def classify(now: Standing, told: Standing | None, urgent: Severity, *, first: bool) -> Class | Reason:
    """Say what the step from `told` to `now` is to someone, or why it is nothing to them."""
    open_now = now.is_open
    if told is None:
        if not open_now and not first:
            return Reason.ALREADY_OVER
        return Class.URGENT if open_now and now.severity <= urgent else Class.ROUTINE
    if open_now and now.severity <= urgent and (not told.is_open or told.severity > urgent):
        return Class.URGENT
    if told.is_open and not open_now:
        return Class.CLOSURE
    if not open_now and now.status is not Status.POSTMORTEM:
        return Reason.ALREADY_TOLD
    return Class.ROUTINE


def decide(now: float, pace: Pace, owed: Sequence[Owed], lanes: Lanes, waits: Waits, urgent: Severity) -> Verdict:
    """Say what one endpoint is to hear now: one message with everything owed, or nothing until a given time.

    Deadlines count from when news became owed, so they never move out (G3). An endpoint that heard nothing lately is
    written to at once; waiting to merge begins with the second change.
    """
    settled: list[tuple[int, Reason]] = []
    keys: list[tuple[Class, int]] = []
    due_urgent = due_any = NEVER
    because = Reason.MERGING
    for item in owed:
        kind = item.kind
        if kind is None:
            found = classify(item.now, item.told, urgent, first=item.first)
            if isinstance(found, Reason):
                settled.append((item.key, found))
                continue
            kind = found
        quiet = pace.n1 <= item.since and pace.n2 <= item.since
        deadline = max(item.not_before, item.since if quiet else item.since + waits[kind])
        keys.append((kind, item.key))
        if deadline < due_any:
            due_any, because = deadline, item.because
        if kind is Class.URGENT:
            due_urgent = min(due_urgent, deadline)
    if not keys:
        return Verdict(Nothing(), tuple(settled))

    normal = _opens((pace.n1, pace.n2), lanes.normal)
    at = max(now, due_any, normal)
    if due_urgent < at:
        at = min(at, max(now, due_urgent, _opens((pace.u1, pace.u2), lanes.urgent)))
    if at > now:
        return Verdict(Hold(at, because if due_any > now else Reason.PACED), tuple(settled))
    keys.sort()
    told = tuple(key for _, key in keys)
    if normal <= now:
        n1, n2 = _take(now, (pace.n1, pace.n2), lanes.normal)
        return Verdict(Tell(told, Pace(n1, n2, pace.u1, pace.u2)), tuple(settled))
    u1, u2 = _take(now, (pace.u1, pace.u2), lanes.urgent)
    return Verdict(Tell(told, Pace(pace.n1, pace.n2, u1, u2)), tuple(settled))


def _opens(arrivals: tuple[float, float], tiers: tuple[Tier, Tier]) -> float:
    return max(
        arrivals[0] - (tiers[0].burst - 1) * tiers[0].interval,
        arrivals[1] - (tiers[1].burst - 1) * tiers[1].interval,
    )


def _take(now: float, arrivals: tuple[float, float], tiers: tuple[Tier, Tier]) -> tuple[float, float]:
    return max(now, arrivals[0]) + tiers[0].interval, max(now, arrivals[1]) + tiers[1].interval
