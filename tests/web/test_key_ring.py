"""The keys that a web process remembers: asked for together, renewed in time, and never trusted beyond their time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tocsin.domain.key import hash_key, new_key
from tocsin.domain.scope import Scope
from tocsin.services.keys import create_key, revoke_key
from tocsin.store import keys as store
from tocsin.store.engine import Connection, Pool, begin, make_pool
from tocsin.web.auth import REMEMBERED_SECONDS, KeyRing


class Counted:
    """A pool that counts what is asked of it, and can be out of order."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.queries = 0
        self.works = True

    @asynccontextmanager
    async def acquire(self, *, timeout: float) -> AsyncGenerator[Connection]:  # noqa: ASYNC109 - the driver's own
        if not self.works:
            raise ConnectionRefusedError("Nobody listens.")
        self.queries += 1
        async with self._pool.acquire(timeout=timeout) as connection:
            yield connection


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Counted]:
    made = await make_pool(database_url, size=2, application="test")
    yield Counted(made)
    await made.close()


@pytest.fixture
def ring(pool: Counted) -> KeyRing:
    return KeyRing(cast("Any", pool))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Return the ring's clock, to be put forward by hand."""
    made = SimpleNamespace(now=1000.0)
    monkeypatch.setattr("tocsin.web.auth.time", SimpleNamespace(monotonic=lambda: made.now))
    return made


async def many(engine: AsyncEngine, count: int) -> list[str]:
    made = [await create_key(engine, f"monitoring {number}", [Scope.ADMIN]) for number in range(count)]
    return [secret for secret, _ in made]


async def names(ring: KeyRing, secrets: list[str]) -> list[str | None]:
    found = await asyncio.gather(*(ring.find(secret) for secret in secrets))
    return [None if key is None else key.name for key in found]


async def test_many_keys_in_use_cost_one_query_and_one_more_each_time_they_are_renewed(
    engine: AsyncEngine, pool: Counted, ring: KeyRing, clock: SimpleNamespace
) -> None:
    secrets = await many(engine, 50)
    theirs: list[str | None] = [f"monitoring {number}" for number in range(50)]
    assert await names(ring, secrets) == theirs
    assert pool.queries == 1
    for renewed in range(1, 4):
        clock.now += 1.0
        assert await names(ring, secrets) == theirs
        await ring.renew()
        assert pool.queries == renewed  # there is no hurry yet
        clock.now += 1.5
        assert await names(ring, secrets * 5) == theirs * 5
        assert pool.queries == renewed
        await ring.renew()
        assert pool.queries == renewed + 1
    clock.now += REMEMBERED_SECONDS + 1
    await ring.renew()
    assert pool.queries == 4  # nobody has used any of them since


async def test_a_key_that_is_in_use_all_the_time_is_refused_when_it_is_revoked(
    engine: AsyncEngine, ring: KeyRing, clock: SimpleNamespace
) -> None:
    secret, kept = await create_key(engine, "gone", [Scope.ADMIN])
    assert await ring.find(secret)
    await revoke_key(engine, kept.prefix)
    clock.now += 2.5
    assert await ring.find(secret)
    await ring.renew()
    assert await ring.find(secret) is None


async def test_a_database_that_does_not_answer_prolongs_no_key(
    engine: AsyncEngine, pool: Counted, ring: KeyRing, clock: SimpleNamespace
) -> None:
    secret, _ = await create_key(engine, "monitoring", [Scope.ADMIN])
    assert await ring.find(secret)
    pool.works = False
    clock.now += 3.0
    assert await ring.find(secret)
    await ring.renew()
    assert await ring.find(secret)
    clock.now += 1.0
    with pytest.raises(OSError, match="Nobody listens"):
        await ring.find(secret)
    pool.works = True
    assert await ring.find(secret)


async def test_a_key_counts_from_when_it_was_asked_for_not_from_when_the_answer_came(
    engine: AsyncEngine, ring: KeyRing, clock: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret, kept = await create_key(engine, "gone", [Scope.ADMIN])
    find = store.find

    async def find_slowly(*asked: Any) -> Any:
        found = await find(*asked)
        clock.now += 3.0
        return found

    monkeypatch.setattr(store, "find", find_slowly)
    assert await ring.find(secret)
    await revoke_key(engine, kept.prefix)
    clock.now += 1.0
    assert await ring.find(secret) is None


async def test_what_is_no_key_yet_is_asked_for_each_time(engine: AsyncEngine, pool: Counted, ring: KeyRing) -> None:
    secret = new_key()
    assert await ring.find(secret) is None
    assert await ring.find(secret) is None
    assert pool.queries == 2
    async with begin(engine) as connection:
        await store.insert(
            connection, name="new", prefix=secret[:12], sha256=hash_key(secret), scopes=[Scope.ADMIN],
            requests_per_minute=None,
        )  # fmt: skip
    found = await ring.find(secret)
    assert found is not None
    assert found.scopes == {Scope.ADMIN}
    assert await ring.find(secret + "x") is None
    assert pool.queries == 3
