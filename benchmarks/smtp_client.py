"""How fast the e-mail channel alone hands mail to a sink, beside Postfix's smtp-source on the same sink.

    .venv/bin/python benchmarks/smtp_client.py [MESSAGES] [ROUNDS]

Needs smtp-source and smtp-sink (Debian: postfix). Both sides take turns, so that they meet the same machine; the
messages have the same size. smtp-source does not pipeline, so it is a yardstick and no upper bound.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import uvloop
from stage import sink, smtp_source

from tocsin.domain.channel import Accepted, Message, Result
from tocsin.domain.incident import Impact, Phase, Severity, Status
from tocsin.domain.story import Chapter, Story
from tocsin_channels.email.channel import EmailChannel, parse_sender
from tocsin_channels.email.letter import Bounces
from tocsin_channels.email.server import Server
from tocsin_channels.email.smtp import Smtp
from tocsin_channels.email.words import PIECES
from tocsin_channels.templates import read_wording

BATCH = 500
IN_FLIGHT = 3

_WORDING = read_wording(Path("/nowhere"), PIECES, ())


def story() -> Story:
    began = datetime.now(UTC)
    chapter = Chapter(
        incident="abc123def456",
        version=1,
        title="Checkout is failing",
        body="We see failed payments and are looking into it. About four in ten card payments fail; PayPal works.",
        status=Status.INVESTIGATING,
        severity=Severity.SEV1,
        impact=Impact.MAJOR,
        phase=Phase.OPENED,
        components=(("Checkout", "partly down"),),
        started_at=began,
        published_at=began,
        next_update_at=began + timedelta(minutes=30),
        url="https://status.example.com/incidents/abc123def456",
    )
    return Story("Acme", "customers", "en", (chapter,), "https://status.example.com")


async def ours(port: int, count: int) -> tuple[float, float, int]:
    """Return messages a second, CPU microseconds a message (patching included), and bytes a message."""
    bounces = Bounces("bounces.example.com", "")
    carrier = Smtp(Server.parse(f"smtp://127.0.0.1:{port}"), bounces, "")
    channel = EmailChannel(
        carrier, parse_sender("Acme <status@example.com>"), read_wording(Path("/nowhere"), PIECES, ())
    )
    letter = channel.render(story())
    messages = [
        Message(
            id=f"{number:012}",
            address=f"reader{number}@example.com",
            name="Ada Lovelace",
            rendered=letter,
            endpoint=f"{number:012}",
            token=f"unsubscribe{number:020}",
            delivery=f"delivery{number:024}",
        )
        for number in range(count)
    ]
    taken = 0

    def answered(_: int, result: Result) -> None:
        nonlocal taken
        taken += isinstance(result, Accepted)

    batches = [messages[at : at + BATCH] for at in range(0, count, BATCH)]

    async def work() -> None:
        while batches:
            await channel.send(batches.pop(), answered)

    cpu, began = time.process_time(), time.perf_counter()
    await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    await channel.close()
    assert taken == count, f"{taken} of {count} were accepted"
    size = len(channel.render(story()).copy(0, messages[0], bounces).data)
    return count / seconds, cpu / count * 1e6, size


def main(count: int = 20_000, rounds: int = 5) -> None:
    rates, costs, yardsticks = [], [], []
    with sink() as port:
        for _ in range(rounds):
            rate, cost, size = uvloop.run(ours(port, count))
            yardstick = smtp_source(port, count, size).per_second
            rates.append(rate)
            costs.append(cost)
            yardsticks.append(yardstick)
            print(f"tocsin {rate:8,.0f}/s  {cost:5.1f} us CPU/message   smtp-source -d -s 16 {yardstick:8,.0f}/s")
    ratio = statistics.median(rate / yardstick for rate, yardstick in zip(rates, yardsticks, strict=True))
    print(
        f"median: tocsin {statistics.median(rates):,.0f}/s at {statistics.median(costs):.1f} us, "
        f"smtp-source {statistics.median(yardsticks):,.0f}/s, ratio {ratio:.2f}; {size} bytes a message"
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
