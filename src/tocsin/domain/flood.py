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


# Read millions of times, and a name in an enum is found slowly.
_URGENT, _CLOSURE, _ROUTINE = Class
_MERGING, _PACED = Reason.MERGING, Reason.PACED
_POSTMORTEM = Status.POSTMORTEM


def classify(now: Standing, told: Standing | None, urgent: Severity, *, first: bool) -> Class | Reason:
    """Say what the step from `told` to `now` is to someone, or why it is nothing to them."""
    open_now = now.is_open
    if told is None:
        if not open_now and not first:
            return Reason.ALREADY_OVER
        return _URGENT if open_now and now.severity <= urgent and not now.status.is_maintenance else _ROUTINE
    if open_now:
        return _URGENT if now.severity <= urgent and (told.severity > urgent or not told.is_open) else _ROUTINE
    if told.is_open:
        return _CLOSURE
    return _ROUTINE if now.status is _POSTMORTEM else Reason.ALREADY_TOLD


def decide(now: float, pace: Pace, owed: Sequence[Owed], lanes: Lanes, waits: Waits, urgent: Severity) -> Verdict:
    """Say what one endpoint is to hear now: one message with everything owed, or nothing until a given time.

    Deadlines count from when news became owed, so they never move out (G3). An endpoint that heard nothing lately is
    written to at once; waiting to merge begins with the second change.
    """
    settled: list[tuple[int, Reason]] = []
    keys: list[tuple[Class, int]] = []
    due_urgent = due_any = NEVER
    because = _MERGING
    n1, n2, u1, u2 = pace
    for key, standing, told, since, first, not_before, why, known in owed:
        kind = known
        if kind is None:
            found = classify(standing, told, urgent, first=first)
            if isinstance(found, Reason):
                settled.append((key, found))
                continue
            kind = found
        keys.append((kind, key))
        quiet = n1 <= since and n2 <= since
        deadline = max(not_before, since if quiet else since + waits[kind])
        if deadline < due_any:
            due_any, because = deadline, why
        if kind is _URGENT:
            due_urgent = min(due_urgent, deadline)
    if not keys:
        return Verdict(Nothing(), tuple(settled))

    normal = _opens((n1, n2), lanes.normal)
    at = max(now, due_any, normal)
    if due_urgent < at:
        at = min(at, max(now, due_urgent, _opens((u1, u2), lanes.urgent)))
    if at > now:
        return Verdict(Hold(at, because if due_any > now else _PACED), tuple(settled))
    keys.sort()
    return Verdict(Tell(tuple([key for _, key in keys]), rung(now, pace, lanes)), tuple(settled))


def rung(now: float, pace: Pace, lanes: Lanes) -> Pace:
    """Return the pace of an endpoint that is written to at `now`: in the urgent lane only where the normal is shut."""
    n1, n2, u1, u2 = pace
    if _opens((n1, n2), lanes.normal) <= now:
        n1, n2 = _take(now, (n1, n2), lanes.normal)
    else:
        u1, u2 = _take(now, (u1, u2), lanes.urgent)
    return Pace(n1, n2, u1, u2)


def _opens(arrivals: tuple[float, float], tiers: tuple[Tier, Tier]) -> float:
    """Return from when on both tiers let one through."""
    (burst1, interval1), (burst2, interval2) = tiers
    first, second = arrivals[0] - (burst1 - 1) * interval1, arrivals[1] - (burst2 - 1) * interval2
    return max(first, second)


def _take(now: float, arrivals: tuple[float, float], tiers: tuple[Tier, Tier]) -> tuple[float, float]:
    return max(now, arrivals[0]) + tiers[0].interval, max(now, arrivals[1]) + tiers[1].interval
