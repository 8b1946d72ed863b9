"""Tocsin as it is measured: its own Celery workers on a stage, updates published to them, and what the work cost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import asyncpg
from processes import cpu_seconds, peak_memory_mb
from sqlalchemy.ext.asyncio import AsyncEngine
from stage import Stage

from tocsin.broker import ASIDE, TO_PEOPLE
from tocsin.domain.audience import Audiences
from tocsin.domain.incident import Severity
from tocsin.domain.update import Draft
from tocsin.embedded.process import Child
from tocsin.services.hint import Hints
from tocsin.services.policy import load_policy
from tocsin.services.publish import Published, add_update, open_incident
from tocsin.store.engine import bare, begin, make_engine
from tocsin_workers.commands import worker_command

FIRST = Draft(
    body="We see failed payments and are looking into it.\n\nCards and wallets are affected; invoices are not.",
    title="Checkout is failing",
    severity=Severity.SEV1,
    audiences=("customers",),
)
_START_SECONDS = 6.0  # until the workers are connected, and have warmed up


@dataclass(frozen=True, slots=True)
class Spent:
    """Processor seconds, so far."""

    workers: float
    database: float


@dataclass(frozen=True, slots=True)
class Workers:
    """The processes that tell people: one worker for fan-out and sweeping, and one for delivery."""

    set_up: Stage
    fan_out: Child
    deliver: Child

    def spent(self) -> Spent:
        workers = cpu_seconds(self.fan_out.pid) + cpu_seconds(self.deliver.pid)
        return Spent(workers, cpu_seconds(self.set_up.database.pid))

    def peak_memory_mb(self) -> float:
        """Return the largest peak of any of their processes."""
        return max(peak_memory_mb(self.fan_out.pid), peak_memory_mb(self.deliver.pid))

    def last_words(self) -> str:
        """Return the ends of all logs, for when something went wrong."""
        logs = sorted(self.set_up.folder.glob("*.log"))
        return "\n".join(f"--- {log.name}\n{log.read_text()[-2500:]}" for log in logs)


@contextmanager
def workers(set_up: Stage, database_url: str, channels: Mapping[str, str], processes: int = 2) -> Generator[Workers]:
    """Run Tocsin's workers for as long as the block lasts; `channels` are the settings that name providers."""
    environment = environment_of(set_up, database_url, channels)
    aside = worker_command(ASIDE, 1, "fan-out")
    deliver = worker_command(TO_PEOPLE, processes, "deliver")
    with (
        set_up.process("fan-out", aside, environment) as one,
        set_up.process("deliver", deliver, environment) as other,
    ):
        time.sleep(_START_SECONDS)
        yield Workers(set_up, one, other)


def environment_of(set_up: Stage, database_url: str, channels: Mapping[str, str]) -> dict[str, str]:
    """Return what each process of one Tocsin is told."""
    return {
        "TOCSIN_DATABASE_URL": database_url,
        "TOCSIN_BROKER_URL": set_up.broker_url,
        "TOCSIN_HOME": str(set_up.folder / "home"),
        "TOCSIN_SECRET": "bench",
        "TOCSIN_PUBLIC_URL": "https://status.example.com",
        **channels,
    }


def mail_to(port: int) -> dict[str, str]:
    """Return the settings that send mail to a sink on `port`."""
    return {
        "TOCSIN_EMAIL__SMTP_URL": f"smtp://127.0.0.1:{port}",
        "TOCSIN_EMAIL__BOUNCE_DOMAIN": "bounces.example.com",
    }


@dataclass(frozen=True, slots=True)
class Desk:
    """Where updates are published, and where one looks whether all is told."""

    engine: AsyncEngine
    hints: Hints
    watch: asyncpg.Connection
    audiences: Audiences

    async def forget(self) -> None:
        """Forget lanes and what was told: the next update is everyone's first word."""
        if not await self.watch.fetchval("SELECT EXISTS (SELECT FROM pace WHERE told <> '{}')"):
            return
        await self.watch.execute("UPDATE pace SET n1 = 0, n2 = 0, u1 = 0, u2 = 0, told = '{}'", timeout=300)
        await self.watch.execute("VACUUM (ANALYZE) pace", timeout=300)
        await self.watch.execute("VACUUM (ANALYZE) bucket", timeout=300)

    async def open(self, draft: Draft = FIRST) -> Published:
        async with begin(self.engine) as connection:
            published = await open_incident(await bare(connection), draft, load_policy(), self.audiences, "bench")
        self.hints.fan_out()
        return published

    async def add(self, incident: str, draft: Draft) -> Published:
        async with begin(self.engine) as connection:
            published = await add_update(
                await bare(connection), incident, draft, load_policy(), self.audiences, "bench"
            )
        self.hints.fan_out()
        return published

    async def all_recorded(self, seconds: float = 300) -> None:
        """Return when every promise is kept and no bucket has anything left to tell; give up after so many seconds."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            await asyncio.sleep(0.02)
            if await self.watch.fetchval("SELECT count(*) FROM outbox WHERE done_at IS NULL"):
                continue
            if not await self.watch.fetchval("SELECT EXISTS (SELECT FROM bucket WHERE live <> '{}')"):
                return
        raise SystemExit(f"After {seconds} s not all was told: {await self.states()}")

    async def states(self) -> list[asyncpg.Record]:
        """Return what the ledger says, counted."""
        return await self.watch.fetch("SELECT state, reason, note, count(*) FROM delivery GROUP BY 1, 2, 3")

    async def accepted(self, update: Published) -> int:
        """Return how many endpoints, the status page aside, an update went out to."""
        count: int = await self.watch.fetchval(
            """SELECT count(*) FROM delivery d JOIN endpoint e ON e.id = d.endpoint_id
            WHERE e.channel <> 'status_page' AND d.state = 'accepted' AND d.update_id =
              (SELECT id FROM incident_update WHERE public_id = $1)""",
            update.update_id,
        )
        return count


@asynccontextmanager
async def desk(database_url: str, broker_url: str, audiences: Audiences) -> AsyncGenerator[Desk]:
    engine, hints = make_engine(database_url, pool_size=1), Hints(broker_url)
    watch = await asyncpg.connect(database_url)
    try:
        yield Desk(engine, hints, watch, audiences)
    finally:
        await watch.close()
        hints.close()
        await engine.dispose()


async def blast(desk: Desk, running: Workers, draft: Draft = FIRST) -> tuple[int, float, Spent]:
    """Publish one update as everyone's first word; return its deliveries, the seconds until the last, and the cost."""
    await desk.forget()
    before, started = running.spent(), time.perf_counter()
    update = await desk.open(draft)
    await desk.all_recorded()
    seconds, after = time.perf_counter() - started, running.spent()
    sent = await desk.accepted(update)
    if not sent:
        raise SystemExit(f"Nothing went out: {await desk.states()}\n{running.last_words()}")
    return sent, seconds, Spent(after.workers - before.workers, after.database - before.database)
