"""Blast: from the commit of an update to the last outcome on record, beside Postfix's smtp-source on the same sink.

    python benchmarks/blast.py [--subscribers 50000] [--rounds 3]

Each round runs smtp-source, the blast, and smtp-source again within the same minute; ratios are taken within a round.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import asyncpg

sys.path.insert(0, str(Path(__file__).parent))
from report import draw, keep
from stage import cpu_seconds, peak_memory_mb, sink, smtp_source, stage

from tocsin.broker import DELIVER, FAN_OUT, SWEEP
from tocsin.domain.audience import Audiences
from tocsin.domain.channel import ChannelName
from tocsin.domain.incident import Severity
from tocsin.domain.update import Draft
from tocsin.services.audiences import sync_audiences
from tocsin.services.hint import Hints
from tocsin.services.policy import load_policy
from tocsin.services.publish import open_incident
from tocsin.store.engine import begin, make_engine
from tocsin.store.migrate import migrate
from tocsin.store.placing import place
from tocsin_workers.commands import worker_command

MESSAGE_BYTES = 6132  # what a mail of ours has here: both sides carry the same

CROWD = """
WITH x AS (SELECT b, row_number() OVER () AS n FROM unnest($1::int[]) AS b),
s AS (INSERT INTO subscriber (public_id, name, audiences)
      SELECT 's' || lpad(n::text, 11, '0'), 'Subscriber ' || n, $2 FROM x RETURNING id, public_id),
e AS (INSERT INTO endpoint (public_id, subscriber_id, bucket_id, channel, address, address_key, state, audiences)
      SELECT s.public_id, s.id, x.b, 'email', s.public_id || '@example.com', s.public_id, 'active', $2
      FROM s JOIN x ON s.public_id = 's' || lpad(x.n::text, 11, '0') RETURNING id)
INSERT INTO pace (endpoint_id) SELECT id FROM e
"""


async def prepare(database_url: str, subscribers: int) -> Audiences:
    """Make a database with so many customers who hear of everything by e-mail."""
    await migrate(database_url)
    engine = make_engine(database_url, pool_size=1)
    audiences = await sync_audiences(engine, load_policy())
    customers = audiences.named("customers")
    async with begin(engine) as connection:
        buckets = await place(connection, ChannelName.EMAIL, customers.rank, subscribers)
    await engine.dispose()
    plain = await asyncpg.connect(database_url)
    await plain.execute(CROWD, buckets, customers.bit)
    await plain.execute("ANALYZE")
    await plain.close()
    return audiences


async def blast(database_url: str, broker_url: str, audiences: Audiences) -> tuple[int, float]:
    """Publish one sev1 update; return how many deliveries it made and the seconds until the last was on record."""
    engine = make_engine(database_url, pool_size=1)
    hints = Hints(broker_url)
    watch = await asyncpg.connect(database_url)
    # Lanes and told are forgotten between rounds: each round is everyone's first word.
    await watch.execute("UPDATE pace SET n1 = 0, n2 = 0, u1 = 0, u2 = 0, told = '{}'")
    await watch.execute("VACUUM (ANALYZE) pace, bucket")
    draft = Draft(
        body="We see failed payments and are looking into it.\n\nCards and wallets are affected; invoices are not.",
        title="Checkout is failing",
        severity=Severity.SEV1,
        audiences=("customers",),
    )
    async with begin(engine) as connection:
        published = await open_incident(connection, draft, load_policy(), audiences, "bench")
    started = time.perf_counter()
    hints.fan_out()
    while True:
        await asyncio.sleep(0.02)
        if await watch.fetchval("SELECT count(*) FROM outbox WHERE done_at IS NULL"):
            continue
        if not await watch.fetchval("SELECT count(*) FROM bucket WHERE live <> '{}' AND channel = 'email'"):
            break
    seconds = time.perf_counter() - started
    sent: int = await watch.fetchval(
        """SELECT count(*) FROM delivery d JOIN endpoint e ON e.id = d.endpoint_id
        WHERE e.channel = 'email' AND d.state = 'accepted' AND d.update_id =
        (SELECT id FROM incident_update WHERE public_id = $1)""",
        published.update_id,
    )
    if not sent:
        print(await watch.fetch("SELECT state, reason, note, count(*) FROM delivery GROUP BY 1, 2, 3"))
    await watch.close()
    hints.close()
    await engine.dispose()
    return sent, seconds


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--subscribers", type=int, default=50_000)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--workers", type=int, default=2)
    options = arguments.parse_args()
    with ExitStack() as stack:
        set_up = stack.enter_context(stage())
        port = stack.enter_context(sink())
        print(f"{options.subscribers} subscribers …", flush=True)
        audiences = asyncio.run(prepare(set_up.database_url, options.subscribers))
        environment = {
            "TOCSIN_DATABASE_URL": set_up.database_url,
            "TOCSIN_BROKER_URL": set_up.broker_url,
            "TOCSIN_HOME": str(set_up.folder / "home"),
            "TOCSIN_SECRET": "bench",
            "TOCSIN_PUBLIC_URL": "https://status.example.com",
            "TOCSIN_EMAIL__SMTP_URL": f"smtp://127.0.0.1:{port}",
            "TOCSIN_EMAIL__BOUNCE_DOMAIN": "bounces.example.com",
        }
        queues = [FAN_OUT, SWEEP]
        stack.enter_context(set_up.process("fan-out", worker_command(queues, 1, "fan-out"), environment))
        ways = list(DELIVER.values())
        deliver = stack.enter_context(
            set_up.process("deliver", worker_command(ways, options.workers, "deliver"), environment)
        )
        time.sleep(6)
        rounds: list[dict[str, float]] = []
        for number in range(options.rounds):
            before = smtp_source(port, options.subscribers, MESSAGE_BYTES)
            worker, database = cpu_seconds(deliver.pid), cpu_seconds(set_up.database.pid)
            sent, seconds = asyncio.run(blast(set_up.database_url, set_up.broker_url, audiences))
            if not sent:
                raise SystemExit(
                    "\n".join(f"--- {log.name}\n{log.read_text()[-2500:]}" for log in set_up.folder.glob("*.log"))
                )
            worker, database = cpu_seconds(deliver.pid) - worker, cpu_seconds(set_up.database.pid) - database
            after = smtp_source(port, options.subscribers, MESSAGE_BYTES)
            source = (before + after) / 2
            rounds.append(
                {
                    "deliveries": sent,
                    "per_second": sent / seconds,
                    "smtp_source_per_second": source,
                    "ratio": sent / seconds / source,
                    "worker_us": worker / sent * 1e6,
                    "database_us": database / sent * 1e6,
                }
            )
            print(f"round {number + 1}: {json.dumps({k: round(v, 2) for k, v in rounds[-1].items()})}", flush=True)
        print(f"peak memory of a worker process: {peak_memory_mb(deliver.pid):.0f} MB")
        facts = {"subscribers": options.subscribers, "workers": options.workers, "message_bytes": MESSAGE_BYTES}
        facts["peak_memory_mb"] = round(peak_memory_mb(deliver.pid))
        keep("blast", rounds, facts)
        draw(
            "blast",
            f"Blast to {options.subscribers:,} subscribers: e-mails a second",
            {
                "Tocsin, whole way": [one["per_second"] for one in rounds],
                "smtp-source, sending only": [one["smtp_source_per_second"] for one in rounds],
            },
            "/s",
        )
        ratios = [one["ratio"] for one in rounds]
        rates = [one["per_second"] for one in rounds]
        print(
            f"median {statistics.median(rates):,.0f}/s [{min(rates):,.0f}-{max(rates):,.0f}], "
            f"ratio to smtp-source -d -s 16: {statistics.median(ratios):.2f} [{min(ratios):.2f}-{max(ratios):.2f}]"
        )


if __name__ == "__main__":
    main()
