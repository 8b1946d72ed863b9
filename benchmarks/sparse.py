"""Sparse: an update that concerns 3,000 of 50,000 subscribers, beside smtp-source with 3,000 mails on the same sink.

    python benchmarks/sparse.py [--subscribers 50000] [--concerned 3000] [--rounds 9]

Everyone chose one component of two, and the concerned are spread evenly: some 30 in each bucket of 500. Those who are
not concerned get their row in the ledger too, with the reason, and that is within the clock.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from crowd import Crowd, gather
from report import Measured, compare
from service import FIRST, blast, desk, mail_to, workers
from stage import sink, smtp_source, stage

from tocsin.domain.component import ComponentStatus

MESSAGE_BYTES = 6300  # what a mail that names a component has


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--subscribers", type=int, default=50_000)
    arguments.add_argument("--concerned", type=int, default=3_000)
    arguments.add_argument("--rounds", type=int, default=9)
    options = arguments.parse_args()
    apart = options.subscribers // options.concerned
    spread = f"CASE WHEN id % {apart} = 0 AND id / {apart} <= {options.concerned} THEN 1 ELSE 2 END"
    crowd = Crowd(options.subscribers, all_components="false", component=spread)
    draft = replace(FIRST, components={"a": ComponentStatus.PARTIAL_OUTAGE})
    rounds: list[dict[str, Measured]] = []
    with ExitStack() as stack:
        set_up = stack.enter_context(stage())
        port = stack.enter_context(sink())
        audiences = asyncio.run(gather(set_up.database_url, crowd))
        running = stack.enter_context(workers(set_up, set_up.database_url, mail_to(port)))

        async def one_round() -> dict[str, Measured]:
            before = smtp_source(port, options.concerned, MESSAGE_BYTES)
            async with desk(set_up.database_url, set_up.broker_url, audiences) as publisher:
                sent, seconds, spent = await blast(publisher, running, draft)
            after = smtp_source(port, options.concerned, MESSAGE_BYTES)
            mean = statistics.mean((before.per_second, after.per_second))
            costs = spent.workers / sent * 1e6, spent.database / sent * 1e6
            ours = Measured(sent / seconds, *costs, running.peak_memory_mb())
            return {"Tocsin, whole way": ours, "smtp-source, sending only": Measured(mean)}

        asyncio.run(one_round())  # caches are filled, statements prepared
        for number in range(options.rounds):
            rounds.append(asyncio.run(one_round()))
            print(f"round {number + 1}: { ({k: round(v.per_second) for k, v in rounds[-1].items()}) }", flush=True)
    facts = {"subscribers": options.subscribers, "concerned": options.concerned, "message_bytes": MESSAGE_BYTES}
    compare("sparse", f"{options.concerned:,} of {options.subscribers:,} concerned: e-mails a second", rounds, facts)


if __name__ == "__main__":
    main()
