"""Scale: the same blast with one, two and three worker processes for delivery, on the same database and sink.

    python benchmarks/scale.py [--subscribers 30000] [--rounds 3] [--processes 2,1,3]

On two cores, which also carry the database and the sink, a third process has nothing left to run on.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from blast import ours
from crowd import Crowd, gather
from report import Measured, compare
from service import mail_to, workers
from stage import sink, stage


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--subscribers", type=int, default=30_000)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--processes", default="2,1,3")
    options = arguments.parse_args()
    counts = [int(count) for count in options.processes.split(",")]
    rounds: list[dict[str, Measured]] = []
    with ExitStack() as stack:
        set_up = stack.enter_context(stage())
        port = stack.enter_context(sink())
        audiences = asyncio.run(gather(set_up.database_url, Crowd(options.subscribers)))
        for number in range(options.rounds):
            measured: dict[str, Measured] = {}
            for count in counts:
                with workers(set_up, set_up.database_url, mail_to(port), count) as running:
                    asyncio.run(ours(set_up, audiences, running))  # a blast to warm up
                    label = f"{count} worker process{'es' if count > 1 else ''}"
                    measured[label] = asyncio.run(ours(set_up, audiences, running))
            rounds.append(measured)
            print(f"round {number + 1}: { ({k: round(v.per_second) for k, v in measured.items()}) }", flush=True)
    facts = {"subscribers": options.subscribers}
    compare("scale", f"Blast to {options.subscribers:,}, by worker processes: e-mails a second", rounds, facts)


if __name__ == "__main__":
    main()
