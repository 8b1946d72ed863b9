"""Intake: POSTs a second that are answered with 202, and how long they take, at fixed rates, with one key and many.

    python benchmarks/intake.py [--rates 250,500,750] [--seconds 5] [--rounds 3]

Each request opens an incident for the on-call people with `notify: false`, under an Idempotency-Key of its own, while
the workers keep the promises. Requests come at their times whatever the answers take (see open_loop.py), so the p99 is
that of a caller who would not wait either. Web, database, workers and the caller share the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import time
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from crowd import Crowd, gather
from front import Load, at_rate, front, make_keys
from processes import cpu_seconds, peak_memory_mb
from report import draw, keep
from service import mail_to, workers
from stage import sink, stage

_MANY = 200
_GOAL_MS = 50.0


def request(key: str, round_: str) -> str:
    """Return a POST as it goes over the wire; {n} becomes its number."""
    said = {"title": "Checkout is failing", "body": "We see failed payments and are looking into it."}
    body = json.dumps({**said, "severity": "sev3", "audiences": ["oncall"], "notify": False})
    return (
        f"POST /v1/incidents HTTP/1.1\r\nHost: status.example.com\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nIdempotency-Key: {round_}-{{n}}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    )


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rates", default="250,500,750")
    arguments.add_argument("--seconds", type=float, default=5)
    arguments.add_argument("--rounds", type=int, default=3)
    options = arguments.parse_args()
    rates = [float(rate) for rate in options.rates.split(",")]
    rounds: list[dict[str, Load]] = []
    database_us: list[float] = []
    with ExitStack() as stack:
        set_up = stack.enter_context(stage())
        channels = mail_to(stack.enter_context(sink()))
        asyncio.run(gather(set_up.database_url, Crowd(1_000)))
        running = stack.enter_context(workers(set_up, set_up.database_url, channels))
        web = stack.enter_context(front(set_up, set_up.database_url, channels))
        keys = make_keys(set_up.database_url, _MANY)
        at_rate(web, [request(key, "warm") for key in keys], 50, 4, server=web.child.pid)
        for number in range(options.rounds):
            taken: dict[str, Load] = {}
            for rate in rates:
                for name, some in (("one key", keys[:1]), (f"{_MANY} keys", keys)):
                    requests = [request(key, f"{number}-{rate}-{name}") for key in some]
                    before = cpu_seconds(set_up.database.pid)
                    load = at_rate(web, requests, rate, options.seconds, server=web.child.pid)
                    database_us.append((cpu_seconds(set_up.database.pid) - before) / sum(load.statuses.values()) * 1e6)
                    taken[f"{rate:.0f}/s, {name}"] = load
                    time.sleep(1)
            rounds.append(taken)
        memory = max(peak_memory_mb(web.child.pid), running.peak_memory_mb())
    report(rounds, {"database_us": round(statistics.median(database_us)), "peak_memory_mb": round(memory)})


def report(rounds: list[dict[str, Load]], facts: dict[str, object]) -> None:
    print("\nIntake: POSTs with notify: false, ms from when each was due")
    print(
        f"{'':18} {'answered/s':>10} {'p50':>7} {'p99':>7} {'[least-most p99]':>18} {'web us':>7} {'caller busy':>11}"
    )
    for label in rounds[0]:
        taken = [one[label] for one in rounds]
        p99 = [one.p99 for one in taken]
        refused = sum(n for one in taken for status, n in one.statuses.items() if status != "202")
        print(
            f"{label:18} {statistics.median(o.per_second for o in taken):10,.0f} "
            f"{statistics.median(o.p50 for o in taken):7.1f} {statistics.median(p99):7.1f} "
            f"{f'[{min(p99):.0f}-{max(p99):.0f}]':>18} {statistics.median(o.server_us for o in taken):7,.0f} "
            f"{max(o.generator_busy for o in taken):10.0%}{f'  {refused} not answered with 202' if refused else ''}"
        )
    print(f"{facts['database_us']} us of PostgreSQL a POST, largest process {facts['peak_memory_mb']} MB")
    keep(
        "intake",
        [{label: {"per_second": o.per_second, "p50": o.p50, "p99": o.p99, "web_us": o.server_us}
          for label, o in one.items()} for one in rounds],
        facts | {"goal_p99_ms": _GOAL_MS},
    )  # fmt: skip
    draw("intake", "Intake: p99 of a POST", {label: [one[label].p99 for one in rounds] for label in rounds[0]}, "ms")


if __name__ == "__main__":
    main()
