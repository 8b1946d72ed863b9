"""Health, metrics and the API's own description."""

from __future__ import annotations

import json
import re
from pathlib import Path

import asyncpg
import httpx
import pytest
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families

from api_callers import caller
from tocsin.settings import Settings
from tocsin.web.errors import as_problem
from tocsin.web.main import create_app
from words_to_send import broken_config


async def test_a_whole_installation_is_alive_and_ready(app: FastAPI) -> None:
    async with caller(app, "") as visitor:
        assert (await visitor.get("/healthz")).status_code == 200
        ready = await visitor.get("/readyz")
        assert ready.status_code == 200
        assert ready.json()["checks"]["templates"] == {"ok": True, "detail": "can be followed"}
        assert ready.json()["checks"]["broker"] == {"ok": True, "detail": "answers"}


async def test_a_broker_that_is_away_is_named_and_does_no_harm(settings: Settings) -> None:
    broken = create_app(settings.model_copy(update={"broker_url": "redis://127.0.0.1:9/0"}))
    async with broken.router.lifespan_context(broken), caller(broken, "") as visitor:
        ready = await visitor.get("/readyz")
        assert ready.status_code == 200
        assert ready.json()["checks"]["broker"]["ok"] is False
        assert "sweepers deliver" in ready.json()["checks"]["broker"]["detail"]


async def test_a_database_that_is_away_is_named(settings: Settings) -> None:
    away = create_app(settings.model_copy(update={"database_url": "postgresql://x@127.0.0.1:9/x"}))
    async with away.router.lifespan_context(away), caller(away, "") as visitor:
        assert (await visitor.get("/healthz")).status_code == 200
        ready = await visitor.get("/readyz")
        assert ready.status_code == 503
        assert ready.headers["content-type"] == "application/problem+json"
        assert "database does not answer" in ready.json()["detail"]
        refused = await visitor.get("/v1/incidents", headers={"Authorization": "Bearer x"})
        assert refused.status_code == 401
        assert (await visitor.get("/metrics")).status_code == 503


async def test_words_that_cannot_be_followed_are_named_and_do_no_harm(
    app: FastAPI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOCSIN_CONFIG", str(broken_config(tmp_path)))
    async with caller(app, "") as visitor:
        ready = await visitor.get("/readyz")
        assert ready.status_code == 200
        told = ready.json()["checks"]["templates"]
        assert told["ok"] is False
        assert "sms/one.txt, line 2: {{tilte}} is not known here. Did you mean {{title}}?" in told["detail"]


async def test_metrics_count_by_route_and_not_by_what_callers_make_up(client: httpx.AsyncClient) -> None:
    await client.post("/v1/incidents", json={"title": "x", "body": "y"})
    for made_up in ("/v1/incidents/one", "/v1/incidents/two", "/made/up"):
        await client.get(made_up)
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    families = {family.name: family for family in text_string_to_metric_families(answer.text)}
    counted = {
        (sample.labels["route"], sample.labels["status"]): sample.value
        for sample in families["tocsin_http_requests"].samples
        if sample.name.endswith("_total")
    }
    assert counted["/v1/incidents", "202"] == 1
    assert counted["/v1/incidents/{which}", "404"] == 2
    assert counted["none", "404"] == 1
    assert families["tocsin_outbox_age_seconds"].samples[0].value > 0


async def test_the_description_names_the_key_and_the_form_of_errors(client: httpx.AsyncClient) -> None:
    schema = (await client.get("/openapi.json")).json()
    assert schema["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    post = schema["paths"]["/v1/incidents"]["post"]
    assert post["security"] == [{"key": []}]
    assert set(post["responses"]) >= {"202", "401", "403", "422", "429", "default"}
    assert list(post["responses"]["422"]["content"]) == ["application/problem+json"]
    hook = schema["paths"]["/hooks/{source}"]["post"]
    assert hook["security"] == [{"key": []}, {}]  # a signature does as well
    assert set(hook["responses"]) >= {"202", "400", "401", "403", "404", "422", "429", "default"}
    for missing in re.findall(r"#/components/schemas/([^\"]+)", json.dumps(schema)):
        assert missing in schema["components"]["schemas"]


async def test_the_docs_name_every_route_and_fetch_nothing_from_elsewhere(client: httpx.AsyncClient) -> None:
    schema = (await client.get("/openapi.json")).json()
    docs = await client.get("/docs")
    assert docs.status_code == 200
    assert "default-src 'none'" in docs.headers["content-security-policy"]
    for path, methods in schema["paths"].items():
        for method in methods:
            assert f"<code>{method.upper()} {path}</code>" in docs.text
    assert not re.search(r"(src|href)=\"(https?:)?//", docs.text)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"), 503),
        (asyncpg.InterfaceError("the pool is closing"), 503),
        (asyncpg.InternalClientError("cannot switch to state 15; another operation (2) is in progress"), 503),
        (asyncpg.DeadlockDetectedError("deadlock detected"), 503),
        (asyncpg.TooManyConnectionsError("sorry, too many clients already"), 503),
        (asyncpg.AdminShutdownError("terminating connection due to administrator command"), 503),
        (asyncpg.NotNullViolationError("null value in column"), 500),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_a_driver_whose_database_is_away_asks_to_come_again(error: Exception, status: int) -> None:
    problem = as_problem(error)
    assert problem.status_code == status
    assert ("Retry-After" in (problem.headers or {})) is (status == 503)
