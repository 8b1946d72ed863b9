"""What the journal of answers costs a mail: the same batches through the listener with a journal and without.

    python benchmarks/journal.py [--messages 20000] [--rounds 5]

Each message begins by itself; 1, 4 or 16 answers come in one turn of the loop, as reads of pipelined replies do.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import statistics
import tempfile
import time
from pathlib import Path

from tocsin.domain.channel import Accepted, Result
from tocsin.domain.tally import Stopwatch
from tocsin.journal.writer import Journal
from tocsin.services.listen import Hold, Listener

_BATCH = 500
_TAKEN = Accepted("250 2.0.0 Ok: queued as 4F1A2B3C4D", 250)


async def carry(messages: int, together: int, journal: Journal | None) -> float:
    """Return the microseconds of processor time that a message takes."""
    began = time.process_time()
    for token in range(messages // _BATCH):
        part = None if journal is None else journal.part()
        results: list[Result | None] = [None] * _BATCH
        listener = Listener(results, range(_BATCH), Stopwatch(time.monotonic()), part, Hold(math.inf))
        if part is not None:
            part.opens(token, b"0123456789abcdef", _BATCH)
        listener.each_begins()
        for index in range(_BATCH):
            listener.begins([index])
            listener(index, _TAKEN)
            if index % together == 0:
                await asyncio.sleep(0)
        await asyncio.sleep(0)
        if part is not None:
            part.is_over()
    return (time.process_time() - began) / messages * 1e6


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--messages", type=int, default=20_000)
    arguments.add_argument("--rounds", type=int, default=5)
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder), "bench")
        for together in (1, 4, 16):
            costs = [
                asyncio.run(carry(options.messages, together, journal))
                - asyncio.run(carry(options.messages, together, None))
                for _ in range(options.rounds)
            ]
            spread = f"[{min(costs):.1f}-{max(costs):.1f}]"
            print(f"{together} answers in a turn: {statistics.median(costs):.1f} us a mail {spread}", flush=True)
        journal.close()


if __name__ == "__main__":
    main()
