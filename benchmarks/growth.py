"""Growth: what a delivery costs as the crowd grows, in processor time, memory and bytes of the database.

    python benchmarks/growth.py [--sizes 1000,10000,100000] [--rounds 3]
    python benchmarks/growth.py --sizes 10000,1000000 --name growth-million     (some minutes, on a quiet machine)

Each size has a database of its own on one server, and in a round they take turns. Small ones are told several times in
a row, so that there is something to measure; a size takes part until some 300,000 were told. Half of the people chose
the component that fails, the others everything.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from crowd import Crowd, gather, make_database
from processes import private_memory_mb
from report import draw, keep
from service import FIRST, Workers, blast, desk, mail_to, workers
from stage import Stage, sink, stage

from tocsin.domain.audience import Audiences
from tocsin.domain.component import ComponentStatus

DRAFT = replace(FIRST, components={"a": ComponentStatus.PARTIAL_OUTAGE})
FEW = 10_000  # what growth is measured from: below it fixed costs show
AT_LEAST, ENOUGH = 50_000, 300_000  # deliveries of one size, in a round and in all
SIZE = """SELECT pg_total_relation_size('delivery') + pg_total_relation_size('attempt') AS tables,
  pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint AS log"""


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one delivery: processor time of workers and database in us, bytes of tables and log; memory in MB."""

    per_second: float
    workers_us: float
    database_us: float
    table_bytes: float
    log_bytes: float
    worker_mb: float
    database_mb: float  # of one process, without what they share

    @property
    def cpu_us(self) -> float:
        return self.workers_us + self.database_us


async def one_turn(set_up: Stage, database_url: str, audiences: Audiences, running: Workers, times: int) -> Cost:
    """Tell everyone so many times in a row, and return what one delivery cost."""
    sent, seconds, workers_s, database_s = 0, 0.0, 0.0, 0.0
    tables, log = 0, 0
    async with desk(database_url, set_up.broker_url, audiences) as publisher:
        if times > 1:  # caches, connections and imports show among few
            await blast(publisher, running, DRAFT)
        for _ in range(times):
            await publisher.forget()
            before = await publisher.watch.fetchrow(SIZE)
            told, lasted, spent = await blast(publisher, running, DRAFT)
            after = await publisher.watch.fetchrow(SIZE)
            assert before is not None
            assert after is not None
            tables, log = tables + after["tables"] - before["tables"], log + after["log"] - before["log"]
            sent, seconds = sent + told, seconds + lasted
            workers_s, database_s = workers_s + spent.workers, database_s + spent.database
    memory = running.peak_memory_mb(), private_memory_mb(set_up.database.pid)
    each = 1e6 / sent
    return Cost(
        sent / seconds,
        workers_s * each,
        database_s * each,
        tables / sent,
        log / sent,
        *memory,
    )


def show(size: int, costs: list[Cost]) -> None:
    middle = {name: statistics.median(asdict(one)[name] for one in costs) for name in asdict(costs[0])}
    cpu = [one.cpu_us for one in costs]
    print(
        f"{size:9,}: {middle['per_second']:7,.0f}/s; processor {statistics.median(cpu):5.1f} us "
        f"[{min(cpu):.1f}-{max(cpu):.1f}], workers {middle['workers_us']:.1f}, database {middle['database_us']:.1f}; "
        f"{middle['table_bytes']:.0f} bytes of tables, {middle['log_bytes']:,.0f} of log; "
        f"largest worker {max(one.worker_mb for one in costs):.0f} MB, "
        f"database process {max(one.database_mb for one in costs):.0f} MB",
        flush=True,
    )


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--sizes", default="1000,10000,100000")
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--name", default="growth")
    options = arguments.parse_args()
    sizes = [int(size) for size in options.sizes.split(",")]
    costs: dict[int, list[Cost]] = {size: [] for size in sizes}
    crowd = Crowd(max(sizes), all_components="n % 2 = 0")
    with ExitStack() as stack:
        set_up = stack.enter_context(stage())
        port = stack.enter_context(sink())
        urls = {size: asyncio.run(make_database(set_up.database_url, f"crowd_{size}")) for size in sizes}
        audiences = {}
        for size, url in urls.items():
            audiences[size] = asyncio.run(gather(url, replace(crowd, size=size), tell=True))
        for number in range(options.rounds):
            for size in sizes:
                if number and size * number >= ENOUGH:
                    continue
                print(f"round {number + 1}, {size:,} …", flush=True)
                started = time.monotonic()
                with workers(set_up, urls[size], mail_to(port)) as running:
                    turn = one_turn(set_up, urls[size], audiences[size], running, -(-AT_LEAST // size))
                    costs[size].append(asyncio.run(turn))
                print(f"… {time.monotonic() - started:.0f} s, {costs[size][-1].cpu_us:.1f} us a delivery", flush=True)
    for size in sizes:
        show(size, costs[size])
    kept = [{"subscribers": size, "cpu_us": one.cpu_us, **asdict(one)} for size in sizes for one in costs[size]]
    keep(options.name, kept, {"sizes": sizes})
    title = "Processor time of one delivery, workers and database, by subscribers"
    draw(options.name, title, {f"{size:,}": [one.cpu_us for one in costs[size]] for size in sizes}, "us")
    middle = {size: statistics.median(one.cpu_us for one in costs[size]) for size in sizes}
    first = min((size for size in sizes if size >= FEW), default=min(sizes))
    print(f"{max(sizes):,} beside {first:,}: {middle[max(sizes)] / middle[first]:.2f} x")


if __name__ == "__main__":
    main()
