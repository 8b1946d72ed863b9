"""The real store under the machine of `domain.machine`: claims, records and receipts on PostgreSQL, a shifted clock.

Only the provider is scripted: it answers what the machine says, when the machine says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

import redis

from delivery.provider import Provider
from delivery.whole_events import EMPTY
from delivery.world import World
from domain.pure_nouns import EVERYONE, INSIDE, Seen
from tocsin.broker import redis_url
from tocsin.domain.channel import Answered, Limits, Message, Receipt, ReceiptKind, Result
from tocsin.domain.delivery import State
from tocsin.domain.errors import Conflict
from tocsin.domain.incident import Standing
from tocsin.domain.tokens import Signer
from tocsin.services import deliver
from tocsin.services.attempt import attempt
from tocsin.services.audiences import sync_audiences
from tocsin.services.begun import Begun
from tocsin.services.cancel import cancel_all
from tocsin.services.publish import Published
from tocsin.services.receive import receive
from tocsin.services.retry import retry_all
from tocsin.services.second_try import AGAIN
from tocsin.store import channels, opt_out
from tocsin.store.engine import begin
from tocsin.store.ledger import Filter

_NAMES = {INSIDE: ["staff"], EVERYONE: ["staff", "customers"], EVERYONE - INSIDE: ["customers"]}
_SIGN = Signer("s", "delivery")


@dataclass
class Scripted(Provider):
    """A provider that says what it is told to."""

    words: list[Result] = field(default_factory=list[Result])
    limits: Limits = field(default_factory=lambda: Limits(batch=500, in_flight=1, merges=True))

    async def send(self, messages: Sequence[Message], answered: Answered) -> None:
        for at, word in enumerate(self.words):
            answered(at, word)
        assert len(self.words) == len(messages)


class RealStore:
    """One life on a database that is emptied first."""

    def __init__(self, runner: asyncio.Runner, world: World, broker_url: str) -> None:
        self.runner, self.world, self.broker_url = runner, world, broker_url
        self.said: dict[int, Published] = {}
        self.audiences: dict[int, int] = {}
        self.provider = Scripted()
        self._run(self._begin_life())

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(work)

    async def _begin_life(self) -> None:
        world = self.world
        await world.tamper(EMPTY)
        await world.run("DELETE FROM channel")
        world.audiences = await sync_audiences(world.engine, world.policy)
        for number, audiences in enumerate((INSIDE, EVERYONE - INSIDE, EVERYONE - INSIDE)):
            key = await world.person(f"p{number}@example.com", _NAMES[audiences])
            self.audiences[key] = audiences
        self.way = world.way(provider=self.provider, batch=1)

    @property
    def now(self) -> float:
        [(now,)] = self._run(self.world.rows("SELECT tocsin_epoch()"))
        return float(now)

    def publish(self, incident: int, standing: Standing, audiences: int) -> None:
        before = self.said.get(incident)
        self.said[incident] = self._run(
            self.world.say(
                "As it stands.",
                about=before,
                title="Checkout is failing",
                severity=standing.severity.label,
                status=None if before is None else standing.status.value,
                audiences=_NAMES[audiences],
            )
        )

    def spread(self) -> None:
        self._run(self.world.spread())

    def begin(self) -> Begun | None:
        begun: Begun | None = self._run(deliver.begin(self.way))
        return begun if begun is not None and begun.plan.messages else None

    def holds(self, token: int) -> bool:
        return bool(self._run(self.world.rows("SELECT 1 FROM bucket WHERE attempt_id = :token", token=token)))

    def answer(self, begun: Begun, results: Sequence[Result]) -> None:
        self.provider.words = list(results)
        self._run(attempt(self.way, begun))

    def receive(self, endpoint: int, message: int, kind: ReceiptKind, event: str) -> None:
        code = "5.7.1" if kind is ReceiptKind.BOUNCED else "2.0.0"
        said = Receipt(_SIGN.make(message, endpoint), kind, code, "as told", keeps_address=True, event=event)
        assert self._run(receive(self.world.engine, "s", "practice", [said])) == 1

    def opt_out(self, endpoint: int) -> None:
        async def go() -> None:
            async with begin(self.world.engine) as connection:
                assert await opt_out.opt_out(connection, endpoint)

        self._run(go())

    def cancel(self, incident: int) -> None:
        async def go() -> None:
            try:
                async with begin(self.world.engine) as connection:
                    await cancel_all(connection, incident + 1, Filter(channel="email"), "test")
            except Conflict:  # its rows are still to be written
                return

        self._run(go())

    def retry(self, incident: int) -> None:
        async def go() -> None:
            async with begin(self.world.engine) as connection:
                await retry_all(connection, incident + 1, [state.value for state in AGAIN])

        self._run(go())

    def pause(self, *, paused: bool) -> None:
        async def go() -> None:
            async with begin(self.world.engine) as connection:
                if paused:
                    await channels.pause(connection, "email", "test")
                else:
                    await channels.resume(connection, "email")

        self._run(go())

    def flush(self) -> None:
        with redis.Redis.from_url(redis_url(self.broker_url)) as client:
            client.flushall()

    def wait(self, seconds: float) -> None:
        self._run(self.world.later(seconds))

    def seen(self) -> dict[tuple[int, int], Seen]:
        rows = self._run(
            self.world.rows(
                """
                SELECT d.update_id, d.endpoint_id, d.state::text, d.unknowns, d.due_at IS NOT NULL,
                  d.update_id = ANY(b.live) AND b.due_at IS NOT NULL
                FROM delivery d JOIN bucket b ON b.id = d.bucket_id WHERE b.channel = 'email'
                """
            )
        )
        seen = {(row[0], row[1]): Seen(State(row[2]), *row[3:]) for row in rows}
        assert len(seen) == len(rows), "I2 an endpoint has two rows for one update"
        return seen
