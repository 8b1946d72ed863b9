"""Asks for a provider's pace, one question a batch: all workers on all hosts share it through the broker's server.

A broker that does not answer stops nobody: until it does, a worker keeps to its own part of the pace, by as many
workers as it last saw there, on top of what it knows to have passed. An emptied broker learns that from those who ask.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Final, cast

import structlog
from redis.asyncio import ConnectionPool, Redis
from redis.exceptions import RedisError

from tocsin.broker import redis_url
from tocsin.domain.gate import Arrivals, Asked, Gate, Rate, pass_through
from tocsin.services.pace_script import SCRIPT

log = structlog.get_logger()

_PREFIX: Final = "tocsin:pace"
_PATIENCE_SECONDS: Final = 0.3
_AVOID_SECONDS: Final = 2.0
# Who has not asked for so long does no work there any more.
_SEEN_SECONDS: Final = 60.0
# Workers that are believed to be there by one that could never ask.
_UNSEEN_WORKERS: Final = 4
# What was known a moment ago counts for a little less: the way there and back is no pace.
_SLACK_SECONDS: Final = 0.01
_MOST_KNOWN: Final = 10_000


class Pacer:
    """One worker process's view of the gates of one channel, `name`. `gates` are those every message passes one of."""

    def __init__(self, broker_url: str, name: str, worker: str, gates: Sequence[Gate] = ()) -> None:
        self._name = name
        self._worker = worker
        self._gates = tuple(gate for gate in gates if gate.rates)
        self._pool: ConnectionPool | None = None
        if broker_url.startswith(("redis://", "rediss://", "redis+socket://")):
            self._pool = ConnectionPool.from_url(
                redis_url(broker_url), socket_timeout=_PATIENCE_SECONDS, socket_connect_timeout=_PATIENCE_SECONDS
            )
        self._known: Arrivals = {}  # by our own clock, `time.monotonic`
        self._workers = _UNSEEN_WORKERS
        self._avoid_until = 0.0

    async def ask(self, asked: Sequence[Asked]) -> list[float]:
        """Let messages pass as the pace allows; return for each the seconds until its turn, 0 where it passed."""
        paced = [Asked(tuple(gate for gate in one.gates if gate.rates), one.units) for one in asked]
        if not any(one.gates for one in paced):
            return [0.0] * len(paced)
        return await self._together(paced, ()) or self._alone(paced)

    async def look(self) -> float:
        """Return the seconds until a gate lets one unit pass, as all workers together have left it."""
        wait = self.opens_in()
        if wait == 0 and self._gates:
            await self._together((), self._gates)
            wait = self.opens_in()
        return wait

    def opens_in(self, units: int = 1) -> float:
        """Return the seconds until the first of the gates that all pass lets `units` pass, as far as is known here."""
        now = time.monotonic()
        waits = (pass_through(dict(self._known), [Asked((gate,), units)], now)[0] for gate in self._gates)
        return min(waits, default=0.0)

    def foresee(self, asked: Sequence[Asked]) -> list[float]:
        """Return what `ask` would say if nobody else asked meanwhile."""
        return pass_through(dict(self._known), asked, time.monotonic())

    async def close(self) -> None:
        if self._pool is not None:
            await self._pool.aclose()

    async def _together(self, asked: Sequence[Asked], looked: Sequence[Gate]) -> list[float] | None:
        """Ask the broker; None where it gives no answer."""
        if self._pool is None or time.monotonic() < self._avoid_until:
            return None
        gates = list({gate.key: gate for gate in (*looked, *(gate for one in asked for gate in one.gates))}.values())
        began = time.monotonic()
        keys = [f"{_PREFIX}:{self._name}", *(f"{_PREFIX}:{self._name}:{gate.key}" for gate in gates)]
        arguments = [self._worker, _SEEN_SECONDS, *self._described(gates, began), *_listed(gates, asked)]
        try:
            client = Redis(connection_pool=self._pool)
            script = client.register_script(SCRIPT)
            said = cast("list[bytes]", await asyncio.wait_for(script(keys, arguments), _PATIENCE_SECONDS))
        except (TimeoutError, OSError, RedisError) as error:
            self._avoid_until = time.monotonic() + _AVOID_SECONDS
            log.warning("pace.alone", channel=self._name, workers=self._workers, error=str(error))
            return None
        self._workers = max(1, int(said[0]))
        numbers = [float(number) for number in said[1:]]
        self._learn(gates, numbers[len(asked) :], began)
        return numbers[: len(asked)]

    def _described(self, gates: Sequence[Gate], now: float) -> list[float | str]:
        told: list[float | str] = []
        for gate in gates:
            known = self._known.get(gate.key, ())
            told.append(len(gate.rates))
            for at, rate in enumerate(gate.rates):
                ahead = known[at] - now - _SLACK_SECONDS if len(known) == len(gate.rates) else 0.0
                told += [rate.interval, rate.burst, ahead if ahead > 0 else ""]
        return told

    def _learn(self, gates: Sequence[Gate], ahead: Sequence[float], began: float) -> None:
        if len(self._known) > _MOST_KNOWN:
            self._known.clear()
        at = 0
        for gate in gates:
            self._known[gate.key] = tuple(began + one for one in ahead[at : at + len(gate.rates)])
            at += len(gate.rates)

    def _alone(self, asked: Sequence[Asked]) -> list[float]:
        shares = {gate.key: self._share(gate) for one in asked for gate in one.gates}
        ours = [Asked(tuple(shares[gate.key] for gate in one.gates), one.units) for one in asked]
        return pass_through(self._known, ours, time.monotonic())

    def _share(self, gate: Gate) -> Gate:
        return Gate(gate.key, tuple(Rate.shared(rate, self._workers) for rate in gate.rates))


def _listed(gates: Sequence[Gate], asked: Sequence[Asked]) -> list[int]:
    places = {gate.key: at for at, gate in enumerate(gates, start=2)}  # in KEYS, which begin with the workers'
    return [number for one in asked for number in (one.units, len(one.gates), *(places[g.key] for g in one.gates))]
