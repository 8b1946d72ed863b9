"""The door's limits: how often one may enter, and what happens twice only once."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime

import httpx
import pytest
import redis
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from api_callers import Join, caller, is_problem
from tocsin.broker import redis_url
from tocsin.domain.scope import Scope
from tocsin.services.keys import Key, create_key, revoke_key
from tocsin.web.errors import Problem
from tocsin.web.quota import Quota

BROKEN = {"title": "Checkout is failing", "body": "We see failed payments."}
JSON = {"Content-Type": "application/json"}

DOORS = [
    ("POST", "/v1/incidents", Scope.INCIDENTS_WRITE),
    ("POST", "/v1/incidents/INC-1/updates", Scope.INCIDENTS_WRITE),
    ("GET", "/v1/incidents", Scope.INCIDENTS_READ),
    ("GET", "/v1/components", Scope.INCIDENTS_READ),
    ("POST", "/v1/components", Scope.OPERATE),
    ("POST", "/v1/channels/email/pause", Scope.OPERATE),
    ("GET", "/v1/subscribers", Scope.SUBSCRIBERS_READ),
    ("GET", "/v1/subscribers/export", Scope.SUBSCRIBERS_READ),
    ("POST", "/v1/subscribers", Scope.SUBSCRIBERS_WRITE),
    ("POST", "/v1/subscribers/import", Scope.SUBSCRIBERS_WRITE),
    ("DELETE", "/v1/subscribers/x", Scope.SUBSCRIBERS_WRITE),
    ("GET", "/v1/incidents/INC-1/progress", Scope.DELIVERIES_READ),
    ("POST", "/v1/deliveries/x.y/retry", Scope.OPERATE),
]


async def test_each_scope_opens_its_own_doors(join: Join) -> None:
    for method, url, scope in DOORS:
        content = b"{}" if method == "POST" else b""
        without = await join(*(set(Scope) - {scope, Scope.ADMIN}))
        refused = await without.request(method, url, content=content, headers=JSON)
        assert refused.status_code == 403, (method, url)
        assert scope in is_problem(refused)["detail"]
        having = await join(scope)
        assert (await having.request(method, url, content=content, headers=JSON)).status_code != 403, (method, url)


async def test_a_revoked_key_stops_working_within_five_seconds(
    app: FastAPI, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret, kept = await create_key(engine, "gone", [Scope.ADMIN])
    async with caller(app, secret) as client:
        assert (await client.get("/v1/incidents")).status_code == 200
        await revoke_key(engine, kept.prefix)
        began = time.monotonic()
        monkeypatch.setattr("tocsin.web.auth.time.monotonic", lambda: began + 5)
        assert (await client.get("/v1/incidents")).status_code == 401


async def test_a_key_has_its_quota_and_is_told_when_to_go_on(join: Join) -> None:
    client = await join(requests_per_minute=3)
    answers = [await client.get("/v1/incidents") for _ in range(8)]  # a minute may begin in between
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.headers["ratelimit-policy"] == '"key";q=3;w=60'
    assert "3 requests a minute" in is_problem(refused)["detail"]
    assert '"key";r=' in answers[0].headers["ratelimit"]


async def test_a_large_quota_is_fetched_ahead_and_holds_all_the_same(
    broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tocsin.web.quota.time.time", lambda: 1_800_000_000.0)  # all of it in one clock minute
    key = Key(7, "monitoring", "tcs_", frozenset({Scope.ADMIN}), 3_000, datetime.now(UTC), None)
    processes = [Quota(broker_url, 60), Quota(broker_url, 60)]

    async def spend(number: int) -> int | None:
        try:
            shown = await processes[number % 2].spend(key)
        except Problem:
            return None
        return int(shown["RateLimit"].split("r=")[1].split(";")[0])

    left: list[int | None] = []
    for first in range(0, 3_100, 20):
        left += await asyncio.gather(*(spend(number) for number in range(first, first + 20)))
    assert sorted(one for one in left if one is not None) == list(range(3_000))  # each number once
    with redis.Redis.from_url(redis_url(broker_url)) as server:
        asked = server.info("commandstats")["cmdstat_evalsha"]["calls"]
        [window] = server.keys("tocsin:quota:*")
        assert 0 < server.ttl(window) <= 60  # and is forgotten by itself
    assert asked < 2_000  # of 3,100; by one after the other it would be a third
    for quota in processes:
        await quota.close()


async def test_keys_that_are_counted_at_once_are_counted_each_for_itself(broker_url: str) -> None:
    quota = Quota(broker_url, 60)
    keys = [
        Key(number, "monitoring", "tcs_", frozenset({Scope.ADMIN}), limit, datetime.now(UTC), None)
        for number, limit in ((1, 5_000), (2, 20), (3, 70_000))
    ]
    shown = await asyncio.gather(*(quota.spend(key) for key in keys))
    assert [one["RateLimit"].split(";")[1] for one in shown] == ["r=4999", "r=19", "r=69999"]
    with redis.Redis.from_url(redis_url(broker_url)) as server:
        windows = sorted(server.keys("tocsin:quota:*"))
        assert server.mget(windows) == [b"5", b"1", b"70"]
    await quota.close()


async def test_the_same_request_under_the_same_key_happens_once(client: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "deploy-42"}
    first = await client.post("/v1/incidents", json=BROKEN, headers=headers)
    again = await client.post("/v1/incidents", json=BROKEN, headers=headers)
    assert (again.status_code, again.json()) == (202, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    other = await client.post("/v1/incidents", json=BROKEN | {"body": "Another."}, headers=headers)
    assert other.status_code == 422
    elsewhere = await client.post("/v1/incidents/INC-1/updates", json=BROKEN, headers=headers)
    assert elsewhere.status_code == 422
    assert len((await client.get("/v1/incidents")).json()["items"]) == 1


async def test_a_refusal_is_not_kept_under_the_key(client: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "k"}
    assert (await client.post("/v1/incidents", json={"title": "x"}, headers=headers)).status_code == 422
    unknown = BROKEN | {"components": {"checkout": "major_outage"}}
    assert (await client.post("/v1/incidents", json=unknown, headers=headers)).status_code == 422
    assert (await client.post("/v1/incidents", json=BROKEN, headers=headers)).status_code == 202


async def test_two_keys_of_one_name_from_two_callers_are_two(join: Join) -> None:
    headers = {"Idempotency-Key": "k"}
    answers = [await (await join()).post("/v1/incidents", json=BROKEN, headers=headers) for _ in range(2)]
    assert [answer.json()["ref"] for answer in answers] == ["INC-1", "INC-2"]


async def test_many_at_once_under_one_key_have_one_effect(client: httpx.AsyncClient) -> None:
    async def post() -> httpx.Response:
        while True:
            answer = await client.post("/v1/incidents", json=BROKEN, headers={"Idempotency-Key": "k"})
            if answer.status_code != 409:
                return answer
            assert "under way" in is_problem(answer)["detail"]
            await asyncio.sleep(0.01)

    answers = await asyncio.gather(*(post() for _ in range(12)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len((await client.get("/v1/incidents")).json()["items"]) == 1


async def test_while_the_first_is_under_way_the_second_is_told_so(
    client: httpx.AsyncClient, engine: AsyncEngine
) -> None:
    async with engine.begin() as connection:  # another process at work under the same key
        await connection.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended('k', (SELECT max(id) FROM api_key)))")
        )
        answer = await client.post("/v1/incidents", json=BROKEN, headers={"Idempotency-Key": "k"})
        assert answer.status_code == 409
        assert answer.headers["retry-after"] == "1"
    assert (await client.post("/v1/incidents", json=BROKEN, headers={"Idempotency-Key": "k"})).status_code == 202
