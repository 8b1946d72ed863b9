"""Policy: decisions a second on one core, for endpoints with 20 told incidents, quiet hours and a digest.

    python benchmarks/policy.py [--endpoints 20000] [--rounds 5]

A decision is what a worker's plan says of one row: told now, held until a time, or settled with a reason. It is asked
of endpoints that are owed one routine update, of some that are owed three, and of some for whom it is urgent.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections import Counter
from itertools import groupby

from tocsin.domain.channel import OnUnknown
from tocsin.domain.flood import Lanes, Tier, Waits
from tocsin.domain.incident import Phase, Severity, Standing, Status
from tocsin.domain.outline import Plan, Rules
from tocsin.domain.plan import plan
from tocsin.domain.rows import Row, Version
from tocsin.domain.terms import Cadence, Terms

NOW = 1_800_000_000.0
TOLD = 20
_TIMING = json.dumps(
    {
        "mode": "daily",
        "digest_at": "08:00",
        "quiet_hours": [{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "22:00", "to": "07:00"}],
        "sev1_breaks_quiet": True,
    }
)
_ZONES = ("Europe/Berlin", "America/New_York", "Asia/Tokyo", "UTC")
_RULES = Rules(
    lanes=Lanes((Tier(3, 120.0), Tier(12, 1800.0)), (Tier(4, 30.0), Tier(15, 600.0))),
    waits=Waits(5.0, 0.0, 30.0),
    urgent=Severity.SEV1,
    merges=True,
    on_unknown=OnUnknown.RESEND_ONCE,
    terms={2: Terms(0.0, None, {Severity.SEV2: Cadence(1800.0, most=False)})},
)


def versions() -> dict[int, Version]:
    """Return two versions of each of 20 incidents, every fourth of which got worse."""
    found: dict[int, Version] = {}
    for incident in range(TOLD):
        worse = Severity.SEV1 if incident % 4 == 0 else Severity.SEV3
        steps = (Standing(Status.INVESTIGATING, Severity.SEV3), Standing(Status.IDENTIFIED, worse))
        for number, standing in enumerate(steps):
            key = number * TOLD + incident + 1
            found[key] = Version(
                key, f"u{key}", incident, number + 1, standing, Phase.UPDATE, 31, is_public=True, notify=True
            )
    return found


def rows(endpoints: int) -> list[Row]:
    """Return what `endpoints` endpoints are owed: one row each, and a tenth of them three."""
    told = list(range(1, TOLD + 1))
    return [
        Row(
            endpoint_id=endpoint,
            update_id=TOLD + 1 + (endpoint + more) % TOLD,
            bucket_id=endpoint // 500,
            audience=4 if endpoint % 5 else 2,
            state="pending",
            reason=None,
            since=NOW - 60.0,
            due_at=NOW,
            tries=0,
            unknowns=0,
            message=None,
            endpoint=f"e{endpoint}",
            endpoint_state="active",
            address="someone@example.com",
            audiences=31,
            name="Someone",
            locale="en",
            time_zone=_ZONES[endpoint % 4],
            timing=_TIMING,
            snoozed=None,
            rule=None,
            rung_at=NOW - 600.0,
            n1=NOW - 300.0,
            n2=NOW + 900.0,
            u1=0.0,
            u2=0.0,
            told=told,
        )
        for endpoint in range(endpoints)
        for more in range(3 if endpoint % 10 == 0 else 1)
    ]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--endpoints", type=int, default=20_000)
    arguments.add_argument("--rounds", type=int, default=5)
    options = arguments.parse_args()
    known, owed = versions(), rows(options.endpoints)
    newest = {incident: [one for one in known.values() if one.incident_id == incident] for incident in range(TOLD)}
    # As a worker claims them: a bucket at a time.
    batches = [list(batch) for _, batch in groupby(owed, key=lambda row: row.bucket_id)]
    rates: list[float] = []
    plans: list[Plan] = []
    for _ in range(options.rounds):
        started = time.process_time()
        plans = [plan(batch, known, newest, frozenset(), NOW, _RULES) for batch in batches]
        rates.append(len(owed) / (time.process_time() - started))
    told = sum(len(message.rows) for decided in plans for message in decided.messages)
    outcomes = Counter(f"{change.state} {change.reason}" for decided in plans for change in decided.changes)
    assert told + outcomes.total() == len(owed), "every row is decided about"
    print(f"{len(owed)} decisions: {told} told, {', '.join(f'{n} {what}' for what, n in outcomes.most_common())}")
    print(
        f"{statistics.median(rates):,.0f} decisions/s on one core [{min(rates):,.0f}-{max(rates):,.0f}], "
        f"each about an endpoint with {TOLD} told incidents, quiet hours and a daily digest"
    )


if __name__ == "__main__":
    main()
