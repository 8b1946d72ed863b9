"""The providers of one channel as one worker process sees them: whose turn it is, and what came of their messages.

The database knows how each fares; it is asked once a second at most while there is something to send, and every few
seconds else. What this process saw a moment ago counts at once: a provider that says nothing just now is passed over.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

import structlog

from tocsin.domain.channel import Carried, Channel, Result, way_by
from tocsin.domain.errors import DeliveryError, TryAgain
from tocsin.domain.judge import (
    ASKING_SECONDS,
    TRIAL_SECONDS,
    Judgement,
    is_certain,
    judge,
    judge_answer,
    judge_trial,
)
from tocsin.domain.pick import next_look, pick, seed_of
from tocsin.domain.provider import Breaker, Condition, Share
from tocsin.domain.tally import NOTHING, Stopwatch, Tally, alike, count
from tocsin.store import providers as store
from tocsin.store.engine import DATABASE_TROUBLE, Connection, Pool

log = structlog.get_logger()

_BUSY_SECONDS: Final = 1.0
_IDLE_SECONDS: Final = 5.0


class Turn(NamedTuple):
    """Who carries a batch: None where nobody may, until the time when it is worth to look again."""

    provider: str | None
    until: float = 0.0
    is_trial: bool = False


class Providers:
    """`shares` are as the settings have them; what operators say about weights is in the conditions."""

    def __init__(self, channel: Channel, shares: Iterable[Share], pool: Pool) -> None:
        self._channel = channel
        self._shares = tuple(shares)
        self._pool = pool
        self._conditions = {share.provider: Condition(share.provider) for share in self._shares}
        self._counted: dict[str, Tally] = {}
        self._said: dict[str, str] = {}
        self._silent: Counter[str] = Counter()
        self._asking: set[asyncio.Task[None]] = set()
        self._reading = asyncio.Lock()
        self._is_registered = False
        self._now = 0.0  # the database's, when this process's own clock stood at …
        self._read_at = float("-inf")

    async def refresh(self, seconds: float = _BUSY_SECONDS) -> None:
        """Tell the others what was counted here, learn how providers stand, and judge; at most every `seconds`."""
        async with self._reading:
            if time.monotonic() - self._read_at >= seconds:
                await self._refresh()

    async def whose_turn(self, connection: Connection, bucket: int, now: float, full: Collection[str] = ()) -> Turn:
        """Say who carries the batch that begins with `bucket`, within the transaction that puts it on record.

        Those that are `full` take nothing now, and are passed over where others do.
        """
        for condition in self._conditions.values():
            if condition.may_be_tried(now) and await store.claim_trial(
                connection, self._channel.name, condition.provider, TRIAL_SECONDS
            ):
                self._conditions[condition.provider] = replace(condition, next_try=now + TRIAL_SECONDS)
                return Turn(condition.provider, is_trial=True)
        return self._turn(seed_of(bucket, now), now, full)

    async def turn_of(self, number: int, full: Collection[str] = ()) -> Turn:
        """Say who carries something that is on record elsewhere, by its number; `full` is as for `whose_turn`."""
        await self.refresh()
        return self._turn(seed_of(number, 0.0), self._now, full)

    def pass_over(self, provider: str, silent: asyncio.Task[Any]) -> bool:
        """Avoid a provider until what it was given is answered for; tell whether there is another one meanwhile."""
        self._silent[provider] += 1
        silent.add_done_callback(lambda _: self._silent.subtract([provider]))
        return self.may_go_on_without(provider)

    def may_go_on_without(self, provider: str) -> bool:
        """Tell whether another provider could take what comes next while this one says nothing."""
        others = [share for share in self._shares if share.provider != provider and not self._silent[share.provider]]
        return any(self._conditions[share.provider].is_used for share in others)

    async def count(self, turn: Turn, results: Sequence[Result], watch: Stopwatch) -> None:
        """Take note of what came of a batch; what is reason enough to stop a provider is told before the next one."""
        assert turn.provider is not None
        tally = count(results, watch.slow, (watch.first or time.monotonic()) - watch.began)
        self._counted[turn.provider] = self._counted.get(turn.provider, NOTHING).plus(tally)
        self._said[turn.provider] = alike(results)
        if is_certain(tally):
            self._read_at = float("-inf")
        if turn.is_trial:
            with contextlib.suppress(*DATABASE_TROUBLE):  # another batch is tried in a minute
                await self._end_trial(turn.provider, tally)

    async def _end_trial(self, provider: str, tally: Tally) -> None:
        """Let a provider that was given a small batch back in, or stop it again."""

        def by_trial(condition: Condition, _: Tally, now: float) -> Judgement | None:
            return judge_trial(condition, tally, now) if condition.breaker is Breaker.HALF_OPEN else None

        await self._decide(provider, by_trial)

    async def keep(self) -> None:
        """Look after what no batch is waiting for: counts that were not told yet, and providers to be asked."""
        is_quiet = not self._counted and all(one.breaker is Breaker.CLOSED for one in self._conditions.values())
        await self.refresh(_IDLE_SECONDS if is_quiet else _BUSY_SECONDS)
        now = self._now + time.monotonic() - self._read_at
        for condition in list(self._conditions.values()):
            if condition.is_to_be_asked(now):
                task = asyncio.create_task(self.ask(condition.provider))
                self._asking.add(task)
                task.add_done_callback(self._asking.discard)

    async def ask(self, provider: str) -> None:
        """Ask an open provider, without sending, whether it is back; nothing where another process does."""
        async with self._pool.acquire() as connection:
            if not await store.claim_question(connection, self._channel.name, provider, 2 * ASKING_SECONDS):
                return
        fault: DeliveryError | None = None
        try:
            async with asyncio.timeout(ASKING_SECONDS):
                await way_by(self._channel, provider).check()
        except DeliveryError as error:
            fault = error
        except Exception as error:  # noqa: BLE001 - whatever breaks in asking, it is not well
            fault = TryAgain(f"It gave no answer when it was asked: {type(error).__name__} {error}".rstrip())

        def by_answer(condition: Condition, _: Tally, now: float) -> Judgement | None:
            return judge_answer(condition, fault, now) if condition.breaker is Breaker.OPEN else None

        await self._decide(provider, by_answer)

    async def close(self) -> None:
        for task in self._asking:
            task.cancel()
        await asyncio.gather(*self._asking, return_exceptions=True)

    def _turn(self, seed: int, now: float, full: Collection[str] = ()) -> Turn:
        provider = pick(self._shares, self._conditions, seed, {*full, *+self._silent})
        return Turn(provider) if provider is not None else Turn(None, next_look(self._conditions, now))

    async def _refresh(self) -> None:
        counted, self._counted = self._counted, {}
        try:
            async with self._pool.acquire() as connection:
                if not self._is_registered:
                    await store.register(connection, self._channel.name, self._conditions)
                    self._is_registered = True
                seen = await store.add_and_read(connection, self._channel.name, counted)
        except BaseException:
            for name, tally in counted.items():
                self._counted[name] = self._counted.get(name, NOTHING).plus(tally)
            raise
        self._now, self._read_at = seen.now, time.monotonic()
        self._conditions = {name: seen.conditions.get(name, one) for name, one in self._conditions.items()}
        for name in self._conditions:
            if judge(self._conditions[name], seen.tallies.get(name, NOTHING), seen.now) is not None:
                await self._decide(name, judge)

    async def _decide(self, provider: str, by: store.Decide) -> None:
        async with self._pool.acquire() as connection, connection.transaction():
            judgement = await store.decide(connection, self._channel.name, provider, self._explained(provider, by))
        if judgement is None:
            self._read_at = float("-inf")  # somebody else was faster
            return
        after = judgement.condition
        self._conditions[provider] = after
        log.warning(
            "provider.changed",
            channel=self._channel.name,
            provider=provider,
            breaker=after.breaker,
            health=after.points,
            why=judgement.why,
        )

    def _explained(self, provider: str, by: store.Decide) -> store.Decide:
        """Add what this process was answered to why a provider that carried is stopped."""

        def decide(condition: Condition, tally: Tally, now: float) -> Judgement | None:
            judgement, said = by(condition, tally, now), self._said.get(provider)
            if judgement is None or not said or condition.breaker is Breaker.OPEN:
                return judgement
            is_stopped = judgement.condition.breaker is Breaker.OPEN
            return judgement._replace(why=f"{judgement.why}: {said}") if is_stopped else judgement

        return decide


def providers_for(channel: Channel, pool: Pool) -> Providers | None:
    """Return what looks after the providers of `channel`, None where nothing is carried for it."""
    return Providers(channel, channel.shares, pool) if isinstance(channel, Carried) else None
