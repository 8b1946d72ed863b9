"""First word: how long after the 202 the on-call people, and the status page, have it: idle, and in mid-blast.

    python benchmarks/first_word.py [--subscribers 100000] [--samples 40]

Each sample opens one sev1 incident over HTTP that concerns the on-call people and is public. Their e-mail is over when
the ledger has what the mail server answered (the mail goes through the same channel and sink as the blast's), their
webhook when it comes in here, and the page when a visitor who asks every 5 ms sees the incident on it. The blast is an
incident of another component, of which all customers are told meanwhile; its own first word is a sample too. Beneath
stands where the milliseconds went, as the ledger and the page's folder have it.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import asyncpg
import httpx

sys.path.insert(0, str(Path(__file__).parent))
from crowd import Crowd, gather
from front import Front, front, make_keys, percentile
from report import draw, keep
from service import mail_to, workers
from stage import sink, stage
from stations import Stations
from witnesses import Visitor, Witness

ONCALL = 10
_GOAL_MS = {"idle": 300, "in mid-blast": 1000}
_PAGE_GOAL_MS = 200
_APART_SECONDS = 0.4


class Samples:
    """Opens incidents and looks when they arrive."""

    def __init__(self, front: Front, key: str, watch: asyncpg.Connection, witness: Witness) -> None:
        self._stations = Stations(watch, front.page)
        self._client = httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{front.port}", headers={"Authorization": f"Bearer {key}"}, timeout=60
        )
        self._visitor = Visitor(front.port)
        self.incident = ""  # the last one that was opened
        self._watch = watch
        self._witness = witness

    async def introduce(self) -> None:
        """Add the on-call people: an e-mail and a webhook each."""
        for number in range(ONCALL):
            endpoints: list[dict[str, Any]] = [
                {"channel": "email", "address": f"oncall{number}@example.com", "confirmed": True},
                {"channel": "webhook", "address": f"{self._witness.url}/{number}", "confirmed": True},
            ]
            answer = await self._client.post("/v1/subscribers", json={"audiences": ["oncall"], "endpoints": endpoints})
            answer.raise_for_status()

    async def open(self, component: str) -> tuple[str, float]:
        """Open an incident about `component`; return its id and when the 202 came, in seconds since the epoch."""
        await self._watch.execute(
            """UPDATE pace SET n1 = 0, n2 = 0, u1 = 0, u2 = 0, told = '{}' WHERE endpoint_id IN
            (SELECT id FROM endpoint WHERE audiences = (SELECT 1 << id FROM audience WHERE name = 'oncall'))"""
        )  # each is a first word
        self._witness.begin()
        said = {"title": "Checkout is failing", "body": "We see failed payments.", "severity": "sev1"}
        said |= {"audiences": ["oncall", "customers"], "components": {component: "partial_outage"}}
        answer = await self._client.post("/v1/incidents", json=said)
        at = time.time()
        answer.raise_for_status()
        self.incident = answer.json()["id"]
        return self.incident, at

    async def take(self, component: str = "b") -> dict[str, float]:
        """Return how many ms after the 202 each of the witnesses had it."""
        incident, at = await self.open(component)
        page, hook = await asyncio.gather(self._visitor.sees(f"/incidents/{incident}"), self._witness.first())
        steps = await self._stations.page(incident, at, page)
        mailed = await self._mailed(incident, at)
        steps |= await self._stations.message(incident, at, hook)
        return {"page": (page - at) * 1e3, "webhook": (hook - at) * 1e3, "e-mail": mailed, **steps}

    async def _mailed(self, incident: str, at: float) -> float:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            first = await self._watch.fetchval(
                """SELECT min(d.done_at) FROM delivery d JOIN endpoint e ON e.id = d.endpoint_id
                JOIN incident_update u ON u.id = d.update_id JOIN incident i ON i.id = u.incident_id
                WHERE i.public_id = $1 AND e.channel = 'email' AND d.audience = (SELECT id FROM audience
                  WHERE name = 'oncall') AND d.state = 'accepted'""",
                incident,
            )
            if first is not None:
                return (first - at) * 1e3
            await asyncio.sleep(0.02)
        raise SystemExit("An on-call person was not told within 30 s.")

    async def close(self) -> None:
        await self._client.aclose()
        await self._visitor.close()


async def measure(front: Front, database_url: str, key: str, samples: int) -> dict[str, list[dict[str, float]]]:
    """Return the samples of each condition."""
    watch = await asyncpg.connect(database_url)
    taken: dict[str, list[dict[str, float]]] = {"idle": [], "in mid-blast": []}
    async with Witness() as witness:
        sampler = Samples(front, key, watch, witness)
        await sampler.introduce()
        await sampler.take()  # the first connections are opened outside the clock
        while min(len(some) for some in taken.values()) < samples:
            for _ in range(10):
                await settled(watch)
                await asyncio.sleep(_APART_SECONDS)
                taken["idle"].append(await sampler.take())
            await watch.execute("UPDATE pace SET n1 = 0, n2 = 0, u1 = 0, u2 = 0, told = '{}'", timeout=300)
            await watch.execute("VACUUM (ANALYZE) pace, bucket", timeout=300)
            taken["in mid-blast"].append(await sampler.take("a"))
            blast = sampler.incident
            while await blasting(watch, blast):
                taken["in mid-blast"].append(await sampler.take())
                await asyncio.sleep(_APART_SECONDS / 2)
            print(", ".join(f"{name}: {len(some)}" for name, some in taken.items()), flush=True)
        await sampler.close()
    await watch.close()
    return taken


async def settled(watch: asyncpg.Connection) -> None:
    """Return when nothing that was said before is still being written or told: idle is idle."""
    while await watch.fetchval(  # noqa: ASYNC110 - the database is all there is to look at
        "SELECT EXISTS (SELECT FROM outbox WHERE done_at IS NULL) OR EXISTS (SELECT FROM bucket WHERE live <> '{}')"
    ):
        await asyncio.sleep(0.05)


async def blasting(watch: asyncpg.Connection, incident: str) -> bool:
    """Tell whether much of the blast is still to be written or to go out."""
    return bool(
        await watch.fetchval(
            """SELECT count(*) > 5 FROM bucket WHERE live <> '{}' AND channel = 'email'
            UNION ALL SELECT o.done_at IS NULL FROM outbox o JOIN incident_update u ON u.id = o.update_id
            JOIN incident i ON i.id = u.incident_id WHERE i.public_id = $1 ORDER BY 1 DESC LIMIT 1""",
            incident,
        )
    )


def report(taken: dict[str, list[dict[str, float]]], facts: dict[str, object]) -> None:
    shown: dict[str, list[float]] = {}
    notes: dict[str, str] = {}
    figures: dict[str, dict[str, dict[str, float]]] = {}
    for condition, some in taken.items():
        for what in some[0]:
            values = sorted(one[what] for one in some)
            p50, p95 = percentile(values, 0.5), percentile(values, 0.95)
            figures.setdefault(condition, {})[what] = {"p50": round(p50, 1), "p95": round(p95, 1)}
            goal = ""
            if ":" not in what:
                goal = f" (goal {_PAGE_GOAL_MS if what == 'page' else _GOAL_MS[condition]})"
                shown[f"{what}, {condition}"] = values
                notes[f"{what}, {condition}"] = f"{p50:.0f} ms, p95 {p95:.0f}"
            print(
                f"{what:18} {condition:13} median {p50:6.0f} ms, p95 {p95:6.0f} ms{goal}, "
                f"[{values[0]:.0f}-{values[-1]:.0f}], {len(values)} samples"
            )
    rounds = [one | {"blast": c != "idle"} for c, some in taken.items() for one in some]
    keep("first_word", rounds, facts | {"milliseconds": figures})
    draw("first_word", "First word after the 202", shown, "ms", notes)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--subscribers", type=int, default=100_000)
    arguments.add_argument("--samples", type=int, default=40)
    options = arguments.parse_args()
    with ExitStack() as stack:
        set_up = stack.enter_context(stage())
        channels = mail_to(stack.enter_context(sink())) | {"TOCSIN_WEBHOOK__ALLOW_PRIVATE_NETWORKS": "true"}
        asyncio.run(gather(set_up.database_url, Crowd(options.subscribers, all_components="false")))
        running = stack.enter_context(workers(set_up, set_up.database_url, channels))
        web = stack.enter_context(front(set_up, set_up.database_url, channels))
        [key] = make_keys(set_up.database_url, 1)
        taken = asyncio.run(measure(web, set_up.database_url, key, options.samples))
        report(taken, {"subscribers": options.subscribers, "worker_peak_mb": round(running.peak_memory_mb())})


if __name__ == "__main__":
    main()
