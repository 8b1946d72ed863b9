"""Texts and webhooks: a blast of each to a fast local sink, beside the usual libraries in threads on the same sink.

    python benchmarks/carriers.py [--subscribers 5000] [--rounds 3] [--baseline 2000]

Tocsin's is the whole way, ledger and outcome included, in two worker processes; beside it two processes of eight
threads each send with Twilio's own library, or sign and post with requests, on kept connections, and record nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from aside import served
from crowd import Crowd, gather, make_database
from report import Measured, compare
from service import Workers, blast, desk, workers
from stage import Stage, free_port, stage
from web_sink import WebSink

from tocsin.domain.audience import Audiences
from tocsin.domain.channel import ChannelName

PROCESSES = 2
LABELS = {
    ChannelName.SMS: ("texts", "Twilio's library in threads"),
    ChannelName.WEBHOOK: ("webhooks", "requests in threads"),
}


def settings(url: str) -> dict[str, str]:
    """Return the settings that send texts and webhooks to the sink."""
    return {
        "TOCSIN_SMS__TWILIO_URL": url,
        "TOCSIN_SMS__TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "TOCSIN_SMS__TWILIO_AUTH_TOKEN": "token",
        "TOCSIN_SMS__FROM": "+14155550100",
        "TOCSIN_WEBHOOK__ALLOW_PRIVATE_NETWORKS": "true",
    }


def threads(kind: str, url: str, count: int) -> Measured:
    """Let two processes of eight threads send, half of `count` each."""
    script = Path(__file__).parent / "baselines/threads_rate.py"
    command = [sys.executable, str(script), kind, url, str(count // PROCESSES)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(PROCESSES)]
    told = [json.loads(one.communicate()[0]) for one in running]
    return Measured(sum(one["per_second"] for one in told), sum(one["cpu_us"] for one in told) / PROCESSES)


async def ours(set_up: Stage, database_url: str, audiences: Audiences, running: Workers) -> Measured:
    async with desk(database_url, set_up.broker_url, audiences) as publisher:
        sent, seconds, spent = await blast(publisher, running)
    return Measured(sent / seconds, spent.workers / sent * 1e6, spent.database / sent * 1e6, running.peak_memory_mb())


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--subscribers", type=int, default=5_000)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--baseline", type=int, default=2_000)
    options = arguments.parse_args()
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    addresses = {
        ChannelName.SMS: "'+1415' || lpad(n::text, 7, '0')",
        ChannelName.WEBHOOK: f"'{url}/' || n",
    }
    with ExitStack() as stack:
        stack.enter_context(served(port, WebSink))
        set_up = stack.enter_context(stage())
        for kind, address in addresses.items():
            database_url = asyncio.run(make_database(set_up.database_url, kind.value))
            crowd = Crowd(options.subscribers, channel=kind, address=address)
            audiences = asyncio.run(gather(database_url, crowd))
            words, library = LABELS[kind]
            with workers(set_up, database_url, settings(url), PROCESSES) as running:
                # The first blast is for warming up: clients are made, connections opened.
                asyncio.run(ours(set_up, database_url, audiences, running))
                rounds = [
                    {
                        "Tocsin, whole way": asyncio.run(ours(set_up, database_url, audiences, running)),
                        library: threads(kind.value, url, options.baseline),
                    }
                    for _ in range(options.rounds)
                ]
            facts = {"subscribers": options.subscribers, "baseline": options.baseline, "processes": PROCESSES}
            compare(kind.value, f"{options.subscribers:,} {words}: a second", rounds, facts)


if __name__ == "__main__":
    main()
