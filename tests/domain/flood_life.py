"""One endpoint's life under the real rule: incidents change at random, and what it hears is held against G1 to G6."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

from tocsin.domain.flood import Hold, Lanes, Nothing, Owed, Pace, Tell, Tier, Verdict, Waits, decide
from tocsin.domain.incident import Severity, Standing, Status

URGENT = Severity.SEV1
EPSILON = 1e-6

Rule = Callable[[float, Pace, list[Owed], Lanes, Waits, Severity], Verdict]


@dataclass
class Life:
    """What happened to one endpoint. `violations` names the guarantees that did not hold."""

    messages: list[tuple[float, int]] = field(default_factory=list[tuple[float, int]])
    changes: int = 0
    told_changes: int = 0
    urgent: int = 0
    closures: int = 0
    silent: int = 0
    violations: set[str] = field(default_factory=set[str])


@dataclass
class _Waiting:
    since: float
    urgent_since: float | None


def scenario(seed: int) -> tuple[Lanes, Waits, list[tuple[float, int, Standing]]]:
    """Return lanes, waits and changes (time, incident, how it stands) of one random life."""
    chance = random.Random(seed)
    lanes = Lanes(
        normal=(
            Tier(chance.randint(1, 3), chance.choice([60.0, 300.0])),
            Tier(chance.randint(3, 12), chance.choice([600.0, 3600.0])),
        ),
        urgent=(
            Tier(chance.randint(1, 4), chance.choice([10.0, 60.0])),
            Tier(chance.randint(4, 10), chance.choice([120.0, 900.0])),
        ),
    )
    waits = Waits(5.0, chance.choice([0.0, 120.0]), chance.choice([30.0, 60.0]))
    hours = chance.choice([3600.0, 4 * 3600.0])
    incidents = chance.choice([1, 1, 1, 5, 5, 30])
    changes: list[tuple[float, int, Standing]] = []
    for incident in range(incidents):
        at = 1e6 + chance.random() * hours
        severity, is_open = chance.choice([Severity.SEV3, Severity.SEV2, Severity.SEV1, Severity.SEV1]), True
        changes.append((at, incident, Standing(Status.INVESTIGATING, severity)))
        gap = chance.choice([5.0, 60.0, 600.0])
        # Long flapping is what catches deadlines that move out.
        for _ in range(chance.choice([0, 3, 12, 30] if incidents > 1 else [3, 30, 60, 500])):
            at += chance.expovariate(1 / gap)
            step = chance.random()
            if step < 0.15:
                severity = Severity(max(1, severity - 1))
            elif step < 0.2:
                severity = Severity(min(3, severity + 1))
            elif step < 0.5:
                is_open = not is_open
            changes.append((at, incident, Standing(Status.IDENTIFIED if is_open else Status.RESOLVED, severity)))
        changes.append((at + chance.random() * 600, incident, Standing(Status.RESOLVED, severity)))
    changes.sort(key=lambda change: change[0])
    return lanes, waits, changes


def live(seed: int, rule: Rule = decide) -> Life:
    """Drive the rule through one scenario as the ledger and the workers would."""
    lanes, waits, changes = scenario(seed)
    life = Life(changes=len(changes))
    pace = Pace()
    now_standing: dict[int, Standing] = {}
    told: dict[int, Standing] = {}
    versions: dict[int, int] = {}
    waiting: dict[int, _Waiting] = {}
    longest_urgent = 5 + max(tier.interval for tier in lanes.urgent)
    longest = max(waits) + max(tier.interval for tier in lanes.normal)
    upcoming = [*changes, (float("inf"), -1, changes[0][2])]
    for (now, incident, standing), (following, _, _) in pairwise(upcoming):
        now_standing[incident] = standing
        versions[incident] = versions.get(incident, 0) + 1
        row = waiting.setdefault(incident, _Waiting(now, None))
        before = told.get(incident)
        grave = standing.is_open and standing.severity <= URGENT
        newly_grave = grave and (before is None or not before.is_open or before.severity > URGENT)
        row.urgent_since = (row.urgent_since or now) if newly_grave else None
        at = now
        while waiting and at < following:
            owed = [
                Owed(key, now_standing[key], told.get(key), row.since, versions[key] == 1)
                for key, row in waiting.items()
            ]
            verdict = rule(at, pace, owed, lanes, waits, URGENT)
            for key, _ in verdict.settled:
                waiting.pop(key)
                life.silent += 1
            if isinstance(verdict.act, Nothing):
                break
            if isinstance(verdict.act, Hold):
                at = max(verdict.act.until, at + EPSILON)
                continue
            assert isinstance(verdict.act, Tell)
            pace = verdict.act.pace
            life.messages.append((at, len(verdict.act.keys)))
            for key in verdict.act.keys:
                row = waiting.pop(key)
                life.told_changes += 1
                last = told.get(key)
                life.closures += last is not None and last.is_open and not now_standing[key].is_open
                if row.urgent_since is not None:
                    life.urgent += 1
                    if at - row.urgent_since > longest_urgent + EPSILON:
                        life.violations.add("G2 urgent too late")
                if at - row.since > longest + EPSILON:
                    life.violations.add("G3 stale")
                told[key] = now_standing[key]
    _judge(life, lanes, told, now_standing)
    return life


def _judge(life: Life, lanes: Lanes, told: dict[int, Standing], now: dict[int, Standing]) -> None:
    if any(last.is_open and not now[incident].is_open for incident, last in told.items()):
        life.violations.add("G4 told open and never closed")
    times = [at for at, _ in life.messages]
    for window in (1.0, 60.0, 300.0, 900.0, 3600.0, 4 * 3600.0):
        most = sum(min(tier.burst + int(window // tier.interval) for tier in lane) for lane in lanes)
        first = 0
        for last, at in enumerate(times):
            while at - times[first] > window:
                first += 1
            if last - first + 1 > most:
                life.violations.add("G1 too many")
