"""Counts requests by route, and shows what waits in the database, for Prometheus."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tocsin.store import canaries, health, journals, providers, unlisted
from tocsin.store.engine import bare, begin
from tocsin.web.canary_metrics import show_canaries
from tocsin.web.journal_metrics import TOLD_SECONDS, show_journals
from tocsin.web.unlisted_metrics import show_unlisted

_PROVIDER: Final = ("channel", "provider")
_RECENT_HOURS: Final = 24
_REMEMBERED_SECONDS: Final = 10.0
_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)


class Metrics:
    """This process's counters; what is in the database is read when asked, at most every ten seconds."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "tocsin_http_requests", "Requests answered.", ("method", "route", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "tocsin_http_request_seconds", "How long answers took.", ("route",), buckets=_SECONDS,
            registry=self.registry,
        )  # fmt: skip
        self._read_at = float("-inf")
        self._recent: Sequence[health.Counted] = ()
        self._dead: Sequence[health.Dead] = ()
        self._paced: Sequence[health.Paced] = ()

    async def render(self, engine: AsyncEngine) -> bytes:
        """Return everything as Prometheus reads it."""
        async with begin(engine) as connection:
            ages = await health.ages(connection)
            audited = await health.audited(connection)
            flights, flown = await canaries.flights(connection), await canaries.counted(connection)
            journals_kept = await journals.kept(connection, TOLD_SECONDS)
            recovered = await journals.answers(connection)
            strange = await unlisted.seen(connection)
            fares = await providers.all_conditions(await bare(connection))
            if time.monotonic() - self._read_at > _REMEMBERED_SECONDS:
                self._recent = await health.recent_deliveries(connection, _RECENT_HOURS)
                self._dead = await health.dead_letters(connection, _RECENT_HOURS)
                self._paced = await health.paced(connection, _RECENT_HOURS)
                self._read_at = time.monotonic()
        stored = CollectorRegistry()
        deliveries = Gauge(
            "tocsin_deliveries", f"Ledger rows of updates of the last {_RECENT_HOURS} hours.", ("channel", "state"),
            registry=stored,
        )  # fmt: skip
        for counted in self._recent:
            deliveries.labels(counted.channel, counted.state).set(counted.n)
        dead = Gauge(
            "tocsin_dead_letters", f"What did not arrive of updates of the last {_RECENT_HOURS} hours.",
            ("channel", "state", "reason"), registry=stored,
        )  # fmt: skip
        for letter in self._dead:
            dead.labels(letter.channel, letter.state, letter.reason).set(letter.n)
        waiting = Gauge(
            "tocsin_paced_deliveries", "What waits until its provider takes more.", ("channel",), registry=stored
        )
        opens = Gauge(
            "tocsin_gate_opens_seconds", "How long a provider asked to be left alone.", ("channel",), registry=stored
        )
        for paced in self._paced:
            waiting.labels(paced.channel).set(paced.waiting)
            opens.labels(paced.channel).set(paced.opens_in)
        violations = Gauge(
            "tocsin_invariant_violations", "What the last audit of the ledger found.", ("invariant",), registry=stored
        )
        for one in audited:
            violations.labels(one.invariant).set(one.violations)
        if audited:
            Gauge("tocsin_audit_age_seconds", "How long ago the last audit was.", registry=stored).set(
                max(one.age for one in audited)
            )
            Gauge("tocsin_audit_seconds", "What the last audit took.", registry=stored).set(
                sum(one.seconds for one in audited)
            )
        show_canaries(stored, flights, flown)
        show_journals(stored, journals_kept, recovered)
        due = Gauge(
            "tocsin_due_bucket_age_seconds", "How long the oldest due bucket waits for a worker.", ("channel",),
            registry=stored,
        )  # fmt: skip
        for channel, age in ages.buckets.items():
            due.labels(channel).set(age)
        Gauge(
            "tocsin_outbox_age_seconds", "How long the oldest unkept promise waits.", registry=stored
        ).set(ages.outbox)  # fmt: skip
        points = Gauge(
            "tocsin_provider_health",
            "Points of 100 that a provider has, 0 where nothing goes to it.",
            _PROVIDER,
            registry=stored,
        )
        usable = Gauge("tocsin_provider_usable", "1 where messages may go to it, else 0.", _PROVIDER, registry=stored)
        for channel, condition in fares:
            points.labels(channel, condition.provider).set(condition.points)
            usable.labels(channel, condition.provider).set(condition.is_used)
        show_unlisted(stored, strange)
        return generate_latest(self.registry) + generate_latest(stored)


class Counted:
    """ASGI middleware that counts what `app` answers, by the route's pattern: never by what a caller made up."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 500

        async def send_counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        began = time.perf_counter()
        try:
            await self.app(scope, receive, send_counted)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            self.metrics.requests.labels(scope["method"] if route != "none" else "any", route, status).inc()
            self.metrics.seconds.labels(route).observe(time.perf_counter() - began)
