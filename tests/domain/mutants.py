"""The rule with a fault in it, one each: what the tests must catch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from tocsin.domain import flood, plan, timing, told
from tocsin.domain.delivery import Reason
from tocsin.domain.flood import Hold, Lanes, Nothing, Owed, Pace, Tell, Tier, Verdict, Waits, decide
from tocsin.domain.incident import Severity
from tocsin.domain.outline import Plan
from tocsin.domain.rows import Row, Version
from tocsin.domain.timing import Held

# The rule itself: these are called by mutants that stand where it stood.
_held, _told_after, _plan = timing.held, told.told_after, plan.plan


def drops(now: float, pace: Pace, owed: list[Owed], lanes: Lanes, waits: Waits, urgent: Severity) -> Verdict:
    """What throttles for sale do: what comes while the lane is shut is discarded."""
    verdict = decide(now, pace, owed, lanes, waits, urgent)
    if isinstance(verdict.act, Hold) and verdict.act.reason is Reason.PACED:
        return Verdict(Nothing(), tuple((item.key, Reason.ALREADY_TOLD) for item in owed))
    return verdict


def no_reserve(now: float, pace: Pace, owed: list[Owed], lanes: Lanes, waits: Waits, urgent: Severity) -> Verdict:
    """One lane for everything: routine news can spend all of it."""
    shut = (Tier(1, 1e9), Tier(1, 1e9))
    return decide(now, Pace(pace.n1, pace.n2, 1e12, 1e12), owed, Lanes(lanes.normal, shut), waits, urgent)


def unbounded(now: float, pace: Pace, owed: list[Owed], lanes: Lanes, waits: Waits, urgent: Severity) -> Verdict:
    verdict = decide(now, Pace(), owed, lanes, waits, urgent)
    return verdict if isinstance(verdict.act, Tell) else decide(now, pace, owed, lanes, waits, urgent)


def pushed_out(now: float, pace: Pace, owed: list[Owed], lanes: Lanes, waits: Waits, urgent: Severity) -> Verdict:
    """Deadlines that begin anew whenever someone looks."""
    lately = [item._replace(since=max(item.since, now - waits.routine + 1)) for item in owed]
    return decide(now, pace, lately, lanes, waits, urgent)


def ends_forgotten(now: float, pace: Pace, owed: list[Owed], lanes: Lanes, waits: Waits, urgent: Severity) -> Verdict:
    forgetful = [item if item.now.is_open else item._replace(told=None, first=False) for item in owed]
    return decide(now, pace, forgetful, lanes, waits, urgent)


def count_in_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows that begin on the hour, each with so many messages, instead of a steady rate."""

    # A tier's state is the beginning of its window and, in thousandths of a second, how often it was used there.
    def window(tier: Tier, at: float) -> float:
        return at // (tier.burst * tier.interval) * (tier.burst * tier.interval)

    def opens(arrivals: tuple[float, float], tiers: tuple[Tier, Tier]) -> float:
        begun = [window(tier, at) for at, tier in zip(arrivals, tiers, strict=True)]
        used = [round((at - start) * 1000) for at, start in zip(arrivals, begun, strict=True)]
        ends = [
            start + tier.burst * tier.interval if n >= tier.burst else 0.0
            for start, n, tier in zip(begun, used, tiers, strict=True)
        ]
        return max(ends)

    def take(now: float, arrivals: tuple[float, float], tiers: tuple[Tier, Tier]) -> tuple[float, float]:
        first, second = (
            at + 0.001 if window(tier, at) == window(tier, now) else window(tier, now) + 0.001
            for at, tier in zip(arrivals, tiers, strict=True)
        )
        return first, second

    monkeypatch.setattr(flood, "_opens", opens)
    monkeypatch.setattr(flood, "_take", take)


def endless(*args: Any, **how: Any) -> Held | None:
    """Hours that are never seen to end."""
    found = _held(*args, **how)
    return found and found._replace(until=found.until + 100 * 86_400)


def forgetful(before: Sequence[int], now: Sequence[int], versions: Mapping[int, Version]) -> list[int]:
    """Of what one message told, only the last is remembered."""
    return _told_after(before, [max(now)], versions)


def deaf(rows: list[Row], *rest: Any) -> Plan:
    """Whoever opted out is written to as before."""
    return _plan([row._replace(endpoint_state="active") for row in rows], *rest)


def drops_what_is_paced(rows: list[Row], *rest: Any) -> Plan:
    """What throttles for sale do: what comes while a lane is shut is discarded."""
    decided = _plan(rows, *rest)
    for number, change in enumerate(decided.changes):
        if change.reason == "paced":
            decided.changes[number] = change._replace(due_at=None)
    decided.waiting.clear()
    return decided


def forgets_all(rows: list[Row], *rest: Any) -> Plan:
    return _plan([row._replace(told=[]) for row in rows], *rest)
