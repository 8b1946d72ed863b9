"""Fan-out: seconds to write the ledger's rows of one update for 100,000 subscribers, and of the next version.

    python benchmarks/fan_out.py [--subscribers 100000] [--rounds 3]

No worker runs beside it.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import time
from pathlib import Path

import asyncpg

sys.path.insert(0, str(Path(__file__).parent))
from crowd import Crowd, gather
from stage import stage

from tocsin.domain.component import ComponentStatus
from tocsin.domain.incident import Severity, Status
from tocsin.domain.update import Draft
from tocsin.services.fan_out import fan_out
from tocsin.services.hint import Hints
from tocsin.services.policy import load_policy
from tocsin.services.publish import add_update, open_incident
from tocsin.store.engine import bare, begin, make_engine, make_pool

# A tenth chose components, a tenth a severity, a tenth phases.
CHOOSY = {
    "all_components": "n % 10 <> 0",
    "component": "1 + id % 2",
    "least": "CASE WHEN n % 10 = 1 THEN 2 ELSE 4 END",
    "phases": "CASE WHEN n % 10 = 2 THEN 9 ELSE 63 END",
}


async def measure(database_url: str, broker_url: str, subscribers: int, rounds: int) -> None:
    """Print the seconds of each round and their medians."""
    engine, policy, hints = make_engine(database_url, pool_size=2), load_policy(), Hints(broker_url)
    audiences = await gather(database_url, Crowd(subscribers, **CHOOSY))
    plain = await asyncpg.connect(database_url)
    pool = await make_pool(database_url, size=4, application="bench")
    times: dict[str, list[float]] = {"first version": [], "second version": []}
    for _ in range(rounds):
        draft = Draft(
            body="It is down.",
            title="Down",
            severity=Severity.SEV3,
            audiences=("customers",),
            components={"a": ComponentStatus.PARTIAL_OUTAGE},
        )
        async with begin(engine) as connection:
            opened = await open_incident(await bare(connection), draft, policy, audiences, "bench")
        times["first version"].append(await _timed(pool, hints, policy, audiences))
        async with begin(engine) as connection:
            update = Draft(body="We are on it.", status=Status.IDENTIFIED)
            await add_update(await bare(connection), opened.incident_id, update, policy, audiences, "bench")
        times["second version"].append(await _timed(pool, hints, policy, audiences))
        counts = await plain.fetch(
            "SELECT state::text, reason, count(*) AS n FROM delivery GROUP BY 1, 2 ORDER BY 3 DESC"
        )
        print(", ".join(f"{row['n']} {row['state']} {row['reason'] or ''}".strip() for row in counts), flush=True)
        await plain.execute("SET session_replication_role = replica; TRUNCATE delivery; RESET session_replication_role")
        await plain.execute("UPDATE bucket SET live = '{}', due_at = NULL, due_n = 0")
        await plain.execute("VACUUM (ANALYZE) bucket")
    for name, seconds in times.items():
        middle = statistics.median(seconds)
        shown = ", ".join(f"{one:.2f}" for one in seconds)
        print(f"{name}: median {middle:.2f} s ({shown}), {middle / subscribers * 1e6:.1f} us a row")
    hints.close()
    await pool.close()
    await plain.close()
    await engine.dispose()


async def _timed(pool: asyncpg.Pool, hints: Hints, *rules: object) -> float:
    started = time.perf_counter()
    await fan_out(pool, hints, *rules, 15.0)  # type: ignore[arg-type]
    return time.perf_counter() - started


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--subscribers", type=int, default=100_000)
    arguments.add_argument("--rounds", type=int, default=3)
    options = arguments.parse_args()
    with stage() as set_up:
        asyncio.run(measure(set_up.database_url, set_up.broker_url, options.subscribers, options.rounds))


if __name__ == "__main__":
    main()
