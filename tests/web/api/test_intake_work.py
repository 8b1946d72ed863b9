"""How much work the intake is: what database and broker are asked is counted, never the time, so that no load tells."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest
import redis
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from api_callers import caller
from tocsin.broker import redis_url
from tocsin.domain.scope import Scope
from tocsin.services.keys import create_key
from tocsin.settings import Settings
from tocsin.store.engine import Connection, Pool, make_pool
from tocsin.web.main import create_app

MANY = 100
# Begin, lock, what was answered before, the time and the components, the update, the answer kept, and commit.
STATEMENTS_A_POST = 7


class Counted:
    """A pool that notes what is asked of it."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.statements: Counter[str] = Counter()

    @asynccontextmanager
    async def acquire(self, **how: Any) -> AsyncGenerator[Connection]:
        async with self._pool.acquire(**how) as connection:
            with connection.query_logger(self._note):
                yield connection

    def _note(self, query: Any) -> None:
        if "typeinfo_tree" in query.query or "set_config" in query.query:  # the driver learns a type, once a connection
            return
        self.statements[query.query] += 1

    async def close(self) -> None:
        await self._pool.close()


@pytest.fixture
async def counted(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[FastAPI, Counter[str]]]:
    """Return a running application, and the statements that it asks, counted."""
    pools: list[Counted] = []

    async def make(*where: Any, **how: Any) -> Pool:
        pools.append(Counted(await make_pool(*where, **how)))
        return cast("Pool", pools[-1])

    monkeypatch.setattr("tocsin.web.main.make_pool", make)
    monkeypatch.setattr("tocsin.web.main.RENEW_SECONDS", 0.01)
    made = create_app(settings)
    async with made.router.lifespan_context(made):
        yield made, pools[0].statements


async def test_many_keys_cost_hardly_more_than_one(
    counted: tuple[FastAPI, Counter[str]], engine: AsyncEngine, broker_url: str
) -> None:
    app, statements = counted
    secrets = [(await create_key(engine, f"monitoring {number}", [Scope.ADMIN]))[0] for number in range(MANY)]
    said = {"title": "Checkout is failing", "body": "We see failed payments.", "notify": False}

    async with caller(app, "") as client:

        async def post(number: int) -> int:
            headers = {"Authorization": f"Bearer {secrets[number % MANY]}", "Idempotency-Key": str(number)}
            return (await client.post("/v1/incidents", json=said, headers=headers)).status_code

        with redis.Redis.from_url(redis_url(broker_url)) as server:
            server.config_resetstat()
            assert set(await asyncio.gather(*(post(number) for number in range(2 * MANY)))) == {202}
            rounds = server.info("commandstats")["cmdstat_evalsha"]["calls"]
    verified = _verified(statements)
    assert 1 <= verified <= 3
    assert statements.total() - verified == STATEMENTS_A_POST * 2 * MANY
    assert 1 <= rounds <= 5


async def test_what_is_in_use_is_verified_ahead_of_need(
    counted: tuple[FastAPI, Counter[str]], engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, statements = counted
    secret, _ = await create_key(engine, "monitoring", [Scope.ADMIN])
    async with caller(app, secret) as client:
        assert (await client.get("/v1/incidents")).status_code == 200
        later = time.monotonic() + 3
        monkeypatch.setattr("tocsin.web.auth.time", SimpleNamespace(monotonic=lambda: later))
        assert (await client.get("/v1/incidents")).status_code == 200
        for _ in range(500):
            await asyncio.sleep(0.01)
            if _verified(statements) == 2:
                break
    assert _verified(statements) == 2


def _verified(statements: Counter[str]) -> int:
    return sum(count for text, count in statements.items() if "FROM api_key" in text)
