"""Blast: from the commit of an update to the last outcome on record, beside others on the same sink.

    python benchmarks/blast.py [--subscribers 50000] [--rounds 3] [--baseline 5000] [--alone]

A round takes turns within minutes: Tocsin, between two runs of Postfix's smtp-source; Celery with a task for each
recipient, as one usually writes it and at its best; Celery with tasks that do nothing; django-post-office. The last
four send 5,000, and their queues are filled before their clock starts; Tocsin's fan-out is within its clock.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from crowd import Crowd, gather
from peers import SCRIPTS, peer, prepare_peers
from report import Measured, compare
from service import Workers, blast, desk, mail_to, workers
from stage import Stage, sink, smtp_source, stage

from tocsin.domain.audience import Audiences

MESSAGE_BYTES = 6132  # what a mail of ours has here: all sides carry about the same
OURS, YARDSTICK = "Tocsin, whole way", "smtp-source, sending only"


async def ours(set_up: Stage, audiences: Audiences, running: Workers) -> Measured:
    """Tell everyone once, and return what it came to."""
    async with desk(set_up.database_url, set_up.broker_url, audiences) as publisher:
        sent, seconds, spent = await blast(publisher, running)
    memory = running.peak_memory_mb()
    return Measured(sent / seconds, spent.workers / sent * 1e6, spent.database / sent * 1e6, memory)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--subscribers", type=int, default=50_000)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--workers", type=int, default=2)
    arguments.add_argument("--baseline", type=int, default=5_000)
    arguments.add_argument("--alone", action="store_true", help="beside smtp-source only")
    options = arguments.parse_args()
    with ExitStack() as stack:
        set_up = stack.enter_context(stage())
        port = stack.enter_context(sink())
        peers = {} if options.alone else prepare_peers(set_up)
        audiences = asyncio.run(gather(set_up.database_url, Crowd(options.subscribers), tell=True))
        running = stack.enter_context(workers(set_up, set_up.database_url, mail_to(port), options.workers))
        # A blast to warm up, as the others have it: letters are compiled, connections opened.
        asyncio.run(ours(set_up, audiences, running))
        rounds: list[dict[str, Measured]] = []
        for number in range(options.rounds):
            before = smtp_source(port, options.subscribers, MESSAGE_BYTES)
            measured = {OURS: asyncio.run(ours(set_up, audiences, running))}
            after = smtp_source(port, options.subscribers, MESSAGE_BYTES)
            measured[YARDSTICK] = Measured(
                statistics.mean((before.per_second, after.per_second)), statistics.mean((before.cpu_us, after.cpu_us))
            )
            for label in SCRIPTS if peers else ():
                measured[label] = peer(label, peers, port, options.baseline)
            rounds.append(measured)
            shown = ", ".join(f"{label} {one.per_second:,.0f}" for label, one in measured.items())
            print(f"round {number + 1}, a second: {shown}", flush=True)
    facts = {
        "subscribers": options.subscribers,
        "workers": options.workers,
        "message_bytes": MESSAGE_BYTES,
        "baseline_deliveries": options.baseline,
    }
    compare("blast", f"Blast to {options.subscribers:,} subscribers: e-mails a second", rounds, facts)


if __name__ == "__main__":
    main()
