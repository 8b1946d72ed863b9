"""Policy: decisions a second on one core, for endpoints with 20 told incidents, quiet hours and a digest.

    python benchmarks/policy.py [--endpoints 20000] [--rounds 7]

A decision is what a worker's plan says of one row: told now, held until a time, or settled with a reason. Endpoints
have hours, a zone, a pace and a past of their own, each bucket is claimed at a time of its own, and each round has
others, so no answer serves twice. Half the rows are new and half waited for hours; a tenth of the endpoints are owed
three. Machines differ and have neighbours, so a decision's price is also given in calls of a function that does
nothing, which are timed in between.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time
from collections import Counter

from tocsin.domain.audience import Audience, Audiences
from tocsin.domain.channel import ChannelName, OnUnknown
from tocsin.domain.flood import Pace
from tocsin.domain.incident import Severity, Standing, Status, phase
from tocsin.domain.outline import Rules
from tocsin.domain.plan import plan
from tocsin.domain.rows import Row, Version
from tocsin.domain.terms import terms_of
from tocsin.services.policy import load_policy

START = 1_800_000_000.0
DAY = 86_400.0
BUCKET = 500
TOLD = 20
INCIDENTS = 40
_ZONES = (
    "Europe/Berlin", "Europe/London", "Europe/Helsinki", "Africa/Nairobi", "Asia/Kolkata", "Asia/Tokyo",
    "Asia/Singapore", "Australia/Sydney", "America/New_York", "America/Chicago", "America/Los_Angeles",
    "America/Sao_Paulo", "Pacific/Auckland", "UTC",
)  # fmt: skip
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def rules() -> Rules:
    """Return what holds for e-mail as the policy comes."""
    policy = load_policy()
    audiences = Audiences.of(Audience(rank, name, rank) for rank, name in enumerate(policy.audiences))
    return Rules(
        lanes=policy.lanes[ChannelName.EMAIL],
        waits=policy.waits,
        urgent=policy.urgent,
        merges=True,
        on_unknown=OnUnknown.RESEND_ONCE,
        terms=terms_of(policy, audiences, ChannelName.EMAIL),
        deadlines=policy.deadlines,
    )


def lives_of_incidents() -> dict[int, list[Version]]:
    """Return three versions of each incident: it began, went on, and got worse, is over or goes on still."""
    found: dict[int, list[Version]] = {}
    for incident in range(INCIDENTS):
        last = (Status.IDENTIFIED, Severity.SEV1), (Status.RESOLVED, Severity.SEV3), (Status.MONITORING, Severity.SEV2)
        steps = [
            Standing(Status.INVESTIGATING, Severity.SEV3),
            Standing(Status.IDENTIFIED, Severity.SEV3),
            Standing(*last[incident % 3]),
        ]
        for number, standing in enumerate(steps):
            key = number * INCIDENTS + incident + 1
            step = phase(steps[number - 1] if number else None, standing)
            version = Version(key, f"u{key}", incident, number + 1, standing, step, 31, is_public=True, notify=True)
            found.setdefault(incident, []).append(version)
    return found


def _timing(chance: random.Random) -> str:
    days = chance.choice([_DAYS, _DAYS[:5], _DAYS[5:]])
    mode = chance.choice(["daily", "daily", "daily", "hourly"])
    return json.dumps(
        {
            "mode": mode,
            "digest_at": f"{chance.randint(6, 20):02}:{chance.choice((0, 30)):02}" if mode == "daily" else None,
            "quiet_hours": [
                {"days": days, "from": f"{chance.randint(19, 23)}:{chance.choice((0, 30)):02}",
                 "to": f"{chance.randint(5, 9):02}:{chance.choice((0, 30)):02}"}
            ],
            "sev1_breaks_quiet": chance.choice((True, True, True, False)),
        }
    )  # fmt: skip


def owed(chance: random.Random, endpoint: int, now: float) -> list[Row]:
    """Return what one endpoint is owed: one row, or three in one of ten; half are new, half waited for hours."""
    incidents = chance.sample(range(INCIDENTS), TOLD)
    told = sorted(NEWEST[incident][chance.randint(0, 1)].id for incident in incidents)
    pace = Pace._make(now + chance.uniform(-1800.0, 1800.0) for _ in range(4))
    timing, zone, new = _timing(chance), chance.choice(_ZONES), chance.choice((True, False))
    since = now - chance.uniform(0.0, 60.0 if new else DAY / 2)
    about = chance.sample(incidents, 3 if endpoint % 10 == 0 else 1)
    return [
        Row(
            endpoint, update, endpoint // BUCKET, 2 if endpoint % 5 == 0 else 4, "pending" if new else "held",
            None if new else "digest", since, now, 0, 0, None, f"e{endpoint}", "active", "someone@example.com", 31,
            "Someone", "en", zone, timing, None, None, since - 600.0, *pace, told,
        )
        for update in sorted(NEWEST[incident][2].id for incident in about)
    ]  # fmt: skip


def _nothing() -> None:
    pass


def _calls(calls: int) -> float:
    """Return how many seconds so many calls of a function that does nothing take just now."""
    started = time.process_time()
    for _ in range(calls):
        _nothing()
    return time.process_time() - started


def measure(endpoints: int, chance: random.Random, outcomes: Counter[str]) -> tuple[float, float]:
    """Decide once about each endpoint; return decisions a second, and how many empty calls one costs."""
    took = idle = 0.0
    decisions = calls = 0
    for first in range(0, endpoints, BUCKET):
        now = START + chance.uniform(0.0, 7 * DAY)
        rows = [row for endpoint in range(first, first + BUCKET) for row in owed(chance, endpoint, now)]
        started = time.process_time()
        decided = plan(rows, VERSIONS, NEWEST, FANNED_OUT, now, RULES)
        took += time.process_time() - started
        idle += _calls(BUCKET * 100)
        decisions, calls = decisions + len(rows), calls + BUCKET * 100
        told = sum(len(message.rows) for message in decided.messages)
        outcomes["told"] += told
        outcomes["held as before"] += len(rows) - told - len(decided.changes)
        outcomes.update(f"{change.state} {change.reason}" for change in decided.changes)
        assert decided.messages or decided.changes or decided.waiting, "nothing is forgotten"
    return decisions / took, (took / decisions) / (idle / calls)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--endpoints", type=int, default=20_000)
    arguments.add_argument("--rounds", type=int, default=7)
    options = arguments.parse_args()
    outcomes: Counter[str] = Counter()
    rounds = [measure(options.endpoints, random.Random(number), outcomes) for number in range(options.rounds)]
    rates, prices = zip(*rounds, strict=True)
    print(f"{outcomes.total():,} decisions: " + ", ".join(f"{n:,} {what}" for what, n in outcomes.most_common()))
    print(
        f"{statistics.median(rates):,.0f} decisions/s on one core [{min(rates):,.0f}-{max(rates):,.0f}], "
        f"each about an endpoint with {TOLD} told incidents, quiet hours and a digest; "
        f"one costs {statistics.median(prices):,.0f} empty calls [{min(prices):,.0f}-{max(prices):,.0f}]"
    )


RULES = rules()
NEWEST = lives_of_incidents()
VERSIONS = {version.id: version for versions in NEWEST.values() for version in versions}
FANNED_OUT = frozenset(VERSIONS)

if __name__ == "__main__":
    main()
