"""Overtaking: a second version is published in mid-blast, and the text of the first one must stop leaving.

    python benchmarks/overtake.py [--subscribers 50000] [--rounds 3]

The sink tells, not the ledger: it remembers when the last copy of each text came, and who heard an older text after a
newer one. Who had heard the first version hears the second after the hold that policy.toml has for routine news.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from crowd import Crowd, gather
from report import draw, keep
from service import FIRST, Desk, Workers, desk, mail_to, workers
from stage import free_port, stage
from witness import Witness, witness

from tocsin.domain.incident import Status
from tocsin.domain.update import Draft
from tocsin.embedded.process import wait_until


def texts(number: int) -> tuple[str, str]:
    """Return the words of both versions in one round."""
    return f"We see failed payments, round {number}.", f"The cause is found, round {number}."


async def overtake(publisher: Desk, told: Witness, running: Workers, number: int, subscribers: int) -> dict[str, float]:
    """Publish a second version once a third has heard the first; return what the sink saw."""
    first, second = told.seen[2 * number], told.seen[2 * number + 1]
    words, later = texts(number)
    await publisher.forget()
    opened = await publisher.open(replace(FIRST, body=words))
    await asyncio.to_thread(wait_until, lambda: first.copies.value >= subscribers / 3, seconds=60)
    await publisher.add(opened.incident_id, Draft(body=later, status=Status.IDENTIFIED))
    committed, before = time.monotonic(), first.copies.value
    await publisher.all_recorded()
    if second.copies.value < subscribers:
        raise SystemExit(f"{second.copies.value} of {subscribers} heard the second version.\n{running.last_words()}")
    return {
        "heard_first": first.copies.value,
        "stale_copies": first.copies.value - before,
        "last_stale_seconds": max(first.last_at.value - committed, 0.0),
        "all_heard_second_seconds": second.last_at.value - committed,
        "out_of_order": told.out_of_order.value,
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--subscribers", type=int, default=50_000)
    arguments.add_argument("--rounds", type=int, default=3)
    options = arguments.parse_args()
    marks = [words.encode() for number in range(options.rounds) for words in texts(number)]
    with ExitStack() as stack:
        # Forked before anything else is there to be forked.
        told = stack.enter_context(witness(free_port(), marks))
        set_up = stack.enter_context(stage())
        audiences = asyncio.run(gather(set_up.database_url, Crowd(options.subscribers)))
        running = stack.enter_context(workers(set_up, set_up.database_url, mail_to(told.port)))

        async def rounds() -> list[dict[str, float]]:
            async with desk(set_up.database_url, set_up.broker_url, audiences) as publisher:
                found = []
                for number in range(options.rounds):
                    found.append(await overtake(publisher, told, running, number, options.subscribers))
                    print(f"round {number + 1}: { ({k: round(v, 2) for k, v in found[-1].items()}) }", flush=True)
                return found

        found = asyncio.run(rounds())
    keep("overtake", found, {"subscribers": options.subscribers})
    stale, all_heard = ([one[name] for one in found] for name in ("last_stale_seconds", "all_heard_second_seconds"))
    title = f"A second version in mid-blast, {options.subscribers:,} subscribers: seconds after its commit"
    draw("overtake", title, {"the last older text left": stale, "everyone has the newer": all_heard}, "s")
    print(
        f"the last older text left {statistics.median(stale):.2f} s after the commit of the newer, at most "
        f"{max(stale):.2f} s; {sum(one['out_of_order'] for one in found):.0f} heard an older one after a newer one"
    )


if __name__ == "__main__":
    main()
