"""Operators read over HTTP which codes no table has, and how often they came."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from delivery.world import World, open_world
from tocsin.domain.errors import TryAgain


@pytest.fixture
async def world(database_url: str, broker_url: str) -> AsyncIterator[World]:
    made = await open_world(database_url, broker_url)
    yield made
    await made.close()


async def test_a_code_that_no_table_has_is_counted_and_shown(client: httpx.AsyncClient, world: World) -> None:
    await world.person("a@example.com")
    world.email.answer = lambda _: TryAgain("599 what, a@example.com?", code=599, unlisted="599")
    await world.tell("It is down.", severity="sev2")
    metrics = (await client.get("/metrics")).text
    assert 'tocsin_unlisted_codes{channel="email",code="599",provider="practice"} 1.0' in metrics
    channels = {one["name"]: one for one in (await client.get("/v1/channels")).json()["items"]}
    [shown] = channels["email"]["unlisted_codes"]
    assert (shown["provider"], shown["code"], shown["count"]) == ("practice", "599", 1)
    assert shown["first_at"] <= shown["last_at"]
    assert "a@example.com" not in str(shown), "what came with it may name somebody"
    assert channels["webhook"]["unlisted_codes"] == []
