"""Receipts: callbacks a second that the web takes in, and how long they take, beside the least that takes one.

    python benchmarks/receipts.py [--rounds 3] [--posts 1000] [--rate 200] [--seconds 5]

A crowd is told by text and by mail over a local sink, so that every callback is about a row that was really sent. Then
each round posts signed callbacks, all new: as many as there are over 32 connections for the rate, then at a fixed pace
for the p99. Twilio posts one status a time, SendGrid fifty in one. Beside them: the same route with what is signed by
Twilio but names no message of ours, and a FastAPI that checks Twilio's signature and inserts one row by SQLAlchemy.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import count, islice
from pathlib import Path

import asyncpg

sys.path.insert(0, str(Path(__file__).parent))
from aside import served
from callbacks import sendgrid, twilio, verification_key
from carriers import settings
from crowd import Crowd, gather
from front import Front, at_rate, front, wait_until_ready
from processes import cpu_seconds, peak_memory_mb
from report import Measured, compare
from service import blast, desk, workers
from stage import Stage, free_port, stage
from web_sink import WebSink

from tocsin.domain.channel import ChannelName
from tocsin.domain.tokens import Signer

_EVENTS = 50  # in one post of SendGrid's
_CONNECTIONS = 32
_OURS, _STRANGE, _BATCHES, _LEAST = (
    "Tocsin, Twilio",
    "the same, not ours",
    f"Tocsin, SendGrid by {_EVENTS}",
    "FastAPI, one row by ORM",
)


class Posts:
    """Callbacks for rows that were sent, each given away once."""

    def __init__(self, texts: Sequence[str], mails: Sequence[str]) -> None:
        self._texts, self._mails = iter(texts), iter(mails)
        self._numbers = count()

    def take(self, label: str, posts: int) -> list[str]:
        if label == _BATCHES:
            return [sendgrid(list(islice(self._mails, _EVENTS)), next(self._numbers)) for _ in range(posts)]
        tokens: Iterator[str] = iter(["00" * 20] * posts) if label in {_STRANGE, _LEAST} else self._texts
        return [twilio(token, next(self._numbers)) for token in islice(tokens, posts)]


@contextmanager
def least(set_up: Stage) -> Generator[Front]:
    """Run the FastAPI that inserts one row."""
    port = free_port()
    command = [sys.executable, str(Path(__file__).parent / "baselines/one_row.py"), str(port)]
    with set_up.process("one-row", command, {"BASELINE_DATABASE": set_up.database_url}) as child:
        made = Front(port, child, Path())
        wait_until_ready(made, set_up.folder / "one-row.log")
        yield made


async def tell(set_up: Stage, each: int, channels: dict[str, str]) -> Posts:
    """Tell so many people by text and by mail, and return what providers will post of it."""
    url = set_up.database_url
    await gather(url, Crowd(each, channel=ChannelName.SMS, address="'+1415' || lpad(n::text, 7, '0')"))
    audiences = await gather(url, Crowd(2 * each), already=each)
    with workers(set_up, url, channels) as running:
        async with desk(url, set_up.broker_url, audiences) as publisher:
            await blast(publisher, running)
    sign = Signer("bench", "delivery")
    connection = await asyncpg.connect(url)
    rows = await connection.fetch(
        "SELECT d.update_id, e.id, e.channel FROM delivery d JOIN endpoint e ON e.id = d.endpoint_id "
        "WHERE d.state = 'accepted' ORDER BY e.id"
    )
    await connection.execute("VACUUM (ANALYZE)")
    await connection.close()
    texts, mails = (
        [sign.make(row["update_id"], row["id"]) for row in rows if row["channel"] == channel]
        for channel in (ChannelName.SMS, ChannelName.EMAIL)
    )
    return Posts(texts, mails)


async def delivered(database_url: str) -> int:
    """Return how many rows are known to have arrived."""
    connection = await asyncpg.connect(database_url)
    found: int = await connection.fetchval("SELECT count(*) FROM delivery WHERE state = 'delivered'")
    await connection.close()
    return found


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--posts", type=int, default=1_000)
    arguments.add_argument("--rate", type=float, default=200)
    arguments.add_argument("--seconds", type=float, default=5)
    options = arguments.parse_args()
    paced = int(options.rate * options.seconds)
    each = (options.posts + paced) * options.rounds + 10 * _EVENTS
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    channels = settings(url) | {
        "TOCSIN_EMAIL__PROVIDER": "sendgrid",
        "TOCSIN_EMAIL__SENDGRID_API_KEY": "bench",
        "TOCSIN_EMAIL__SENDGRID_URL": url,
        "TOCSIN_EMAIL__SENDGRID_VERIFICATION_KEY": verification_key(),
    }
    rounds: list[dict[str, Measured]] = []
    late: dict[str, list[float]] = {}
    with ExitStack() as stack:
        stack.enter_context(served(port, WebSink))
        set_up = stack.enter_context(stage())
        posts = asyncio.run(tell(set_up, each, channels))
        web = stack.enter_context(front(set_up, set_up.database_url, channels))
        one_row = stack.enter_context(least(set_up))
        contenders = {_OURS: (web, 1), _STRANGE: (web, 1), _BATCHES: (web, _EVENTS), _LEAST: (one_row, 1)}
        for label, (server, _) in contenders.items():
            measure(set_up, server, posts.take(label, 10), 1, options.rate)  # connections are opened, caches filled
        for _ in range(options.rounds):
            taken: dict[str, Measured] = {}
            for label, (server, events) in contenders.items():
                taken[label], _ = measure(set_up, server, posts.take(label, options.posts // events), events, None)
                _, p99 = measure(set_up, server, posts.take(label, paced // events), events, options.rate / events)
                late.setdefault(label, []).append(p99)
            rounds.append(taken)
        moved, expected = asyncio.run(delivered(set_up.database_url)), moved_by(options.posts, paced, options.rounds)
        if moved != expected:
            raise SystemExit(f"{moved} rows arrived instead of {expected}.\n{(set_up.folder / 'web.log').read_text()}")
    facts = {"p99_ms": late, "rate": options.rate, "events_a_post": _EVENTS}
    compare("receipts", "Receipts: callbacks a second", rounds, facts)
    paces = ", ".join(f"{label} {statistics.median(some):.1f}" for label, some in late.items())
    print(f"p99 in ms of a post, at {options.rate:.0f} callbacks a second: {paces}", flush=True)


def moved_by(posts: int, paced: int, rounds: int) -> int:
    """Return how many rows are delivered at the end: those of the texts, those of the mails, and who warmed up."""
    mails = (posts // _EVENTS + paced // _EVENTS) * _EVENTS
    return (posts + paced + mails) * rounds + 10 + 10 * _EVENTS


def measure(
    set_up: Stage, server: Front, requests: list[str], events: int, rate: float | None
) -> tuple[Measured, float]:
    """Post all `requests`, at `rate` posts a second or else at once; return callbacks a second, and the p99 in ms."""
    pace = rate or 1e6
    seconds = (len(requests) + 0.5) / pace
    before = cpu_seconds(set_up.database.pid)
    load = at_rate(server, requests, pace, seconds, server=server.child.pid, connections=_CONNECTIONS)
    if load.statuses != {"204": len(requests)}:
        raise SystemExit(f"Not all was taken: {load.statuses}")
    database_us = (cpu_seconds(set_up.database.pid) - before) / len(requests) / events * 1e6
    memory = peak_memory_mb(server.child.pid)
    time.sleep(0.3)
    return Measured(load.per_second * events, load.server_us / events, database_us, memory), load.p99


if __name__ == "__main__":
    main()
