"""Random lives of a few endpoints: incidents that flap, hours, digests, failures, fallbacks, snoozes and goodbyes."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import dataclass

from domain.judge_lives import judge
from domain.small_ledger import Answer, Endpoint, Ledger
from tocsin.domain import plan as planning
from tocsin.domain.channel import OnUnknown
from tocsin.domain.flood import Lanes, Tier, Waits
from tocsin.domain.incident import Severity, Standing, Status
from tocsin.domain.outline import Rules

START = 1_800_000_000.0
DAY = 86_400.0
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kathmandu", "UTC")
_DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


@dataclass
class Life:
    ledger: Ledger
    broken: set[str]
    happened: Counter[str]


def timing(chance: random.Random) -> str | None:
    """Return hours that somebody may have chosen, None for at once and always."""
    if chance.random() < 0.5:
        return None
    mode = chance.choice(["realtime", "realtime", "hourly", "daily"])
    begins, ends = chance.choice([("22:00", "07:00"), ("12:00", "13:30"), ("00:00", "08:15")])
    quiet = [{"days": chance.sample(_DAYS, chance.randint(1, 7)), "from": begins, "to": ends}]
    return json.dumps(
        {
            "mode": mode,
            "digest_at": "08:00" if mode == "daily" else None,
            "quiet_hours": quiet if chance.random() < 0.7 else None,
            "sev1_breaks_quiet": chance.random() < 0.6,
        }
    )


def rules(chance: random.Random) -> Rules:
    lanes = Lanes(
        (Tier(chance.randint(1, 3), chance.choice([60.0, 300.0])), Tier(chance.randint(3, 12), 1800.0)),
        (Tier(chance.randint(1, 4), chance.choice([10.0, 60.0])), Tier(chance.randint(4, 10), 600.0)),
    )
    waits = Waits(5.0, chance.choice([0.0, 60.0]), chance.choice([30.0, 60.0]))
    return Rules(lanes, waits, Severity.SEV1, merges=True, on_unknown=OnUnknown.RESEND_ONCE)


def live(seed: int, plan: object = planning.plan, workers: int = 1) -> Life:
    """Lead one life under a rule, and judge it."""
    chance = random.Random(seed)
    happened: Counter[str] = Counter()
    trouble = chance.choice([0.0, 0.0, 0.1])

    def answer(endpoint: Endpoint, again: bool) -> Answer:  # noqa: FBT001
        found = Answer.TAKEN
        if chance.random() < trouble and not again:
            kinds = [Answer.TRY_AGAIN, Answer.NO_ANSWER, Answer.DEAD]
            found = chance.choices(kinds, (5, 3, 2 if endpoint.fallback else 0))[0]
            happened[found.value] += 1
        return found

    ledger = Ledger(rules(chance), answer, plan, workers)  # type: ignore[arg-type]
    for number in range(chance.randint(1, 3)):
        ledger.endpoints.append(Endpoint(number, timing(chance), chance.choice(ZONES)))
    if len(ledger.endpoints) > 1:
        ledger.endpoints[0].fallback = ledger.endpoints[1]
    for at, what in sorted(_events(chance), key=lambda event: event[0]):
        ledger.run(at)
        if isinstance(what, str):
            _wish(chance, ledger, what, at, happened)
        else:
            ledger.publish(*what, at)
            happened["updates"] += 1
    for endpoint in ledger.endpoints:
        endpoint.snoozed.clear()
    ledger.run(START + 30 * DAY)
    happened.update(ledger.reasons)
    happened["messages"] += len(ledger.log)
    happened["merged"] += sum(len(one.told) > 1 for one in ledger.log)
    happened["stood in"] += sum(bool(one.stands_in) for one in ledger.endpoints)
    return Life(ledger, judge(ledger, ledger.rules.lanes, ledger.rules.waits), happened)  # type: ignore[arg-type]


def _events(chance: random.Random) -> list[tuple[float, str | tuple[int, Standing]]]:
    events: list[tuple[float, str | tuple[int, Standing]]] = []
    hours = chance.choice([3600.0, 6 * 3600.0])
    begin = START + chance.random() * 7 * DAY
    for incident in range(chance.choice([1, 2, 6])):
        at, severity, is_open = begin + chance.random() * hours, chance.choice([3, 2, 1, 1]), True
        events.append((at, (incident, Standing(Status.INVESTIGATING, Severity(severity)))))
        gap = chance.choice([5.0, 60.0, 900.0])
        for _ in range(chance.choice([0, 2, 8, 25])):
            at += chance.expovariate(1 / gap)
            step = chance.random()
            severity = max(1, severity - 1) if step < 0.15 else min(3, severity + 1) if step < 0.25 else severity
            is_open = is_open if step < 0.25 or step > 0.5 else not is_open
            status = Status.IDENTIFIED if is_open else Status.RESOLVED
            events.append((at, (incident, Standing(status, Severity(severity)))))
        events.append((at + 1 + chance.random() * 600, (incident, Standing(Status.RESOLVED, Severity(severity)))))
    for wish, likely in (("opt out", 0.2), ("snooze", 0.25)):
        if chance.random() < likely:
            events.append((begin + chance.random() * hours, wish))
    return events


def _wish(chance: random.Random, ledger: Ledger, what: str, at: float, happened: Counter[str]) -> None:
    endpoint = chance.choice(ledger.endpoints)
    happened[what] += 1
    if what == "opt out":
        endpoint.state, endpoint.stopped_at = "opted_out", at
        return
    endpoint.has_snoozed = True
    for incident in ledger.newest:
        endpoint.snoozed[str(incident)] = chance.choice([None, at + 1800.0])
