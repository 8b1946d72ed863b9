"""What other systems report: incidents of the inside, one for each trouble, left to people once they have spoken."""

from __future__ import annotations

import asyncio
import hmac
import json
from base64 import b64encode
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from api_callers import Join
from tocsin.domain.scope import Scope
from tocsin.sections import Hooks
from tocsin.settings import Settings

URL = "/hooks/alertmanager"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"hooks": Hooks(sentry_secrets=[SecretStr("old"), SecretStr("new")])})


def group(status: str = "firing", summary: str = "Errors are above 5 %", **more: Any) -> dict[str, Any]:
    alert = {"status": status, "labels": {"severity": "critical", "component": "checkout"},
             "annotations": {"description": summary}, "startsAt": "2026-11-21T20:00:00Z"}  # fmt: skip
    return {"groupKey": "errors", "commonAnnotations": {"summary": "Checkout is failing"}, "alerts": [alert]} | more


async def report(client: httpx.AsyncClient, body: dict[str, Any], url: str = URL) -> dict[str, Any]:
    """Report one trouble and return what was done about it."""
    answer = await client.post(url, json=body)
    assert answer.status_code == 202, answer.text
    [one] = answer.json()["signals"]
    done: dict[str, Any] = one
    return done


async def updates(client: httpx.AsyncClient, ref: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await client.get(f"/v1/incidents/{ref}")).json()["updates"]
    return found


async def test_a_trouble_is_one_incident_from_its_first_report_to_its_last(client: httpx.AsyncClient) -> None:
    await client.post("/v1/components", json={"slug": "checkout", "name": "Checkout"})
    assert await report(client, group()) == {"key": "errors", "result": "opened", "incident": "INC-1"}
    assert (await report(client, group()))["result"] == "unchanged"
    assert (await report(client, group(summary="Errors are above 50 %")))["result"] == "updated"
    assert (await report(client, group("resolved")))["result"] == "resolved"
    assert (await report(client, group("resolved")))["result"] == "not_open"
    last, _, first = await updates(client, "INC-1")
    assert (first["audiences"], first["severity"], first["created_by"]) == (["oncall"], "sev1", "hook:alertmanager")
    assert (first["components"], first["body"]) == ({"checkout": "major_outage"}, "Errors are above 5 %")
    assert (last["status"], last["audiences"]) == ("resolved", ["oncall"])
    assert last["body"].startswith("The alert has ended.")
    shown = (await client.get("/v1/incidents/INC-1")).json()
    assert (shown["started_at"], shown["metadata"]["key"]) == ("2026-11-21T20:00:00Z", "errors")
    assert await report(client, group()) == {"key": "errors", "result": "opened", "incident": "INC-2"}


async def test_the_public_reads_nothing_of_it(client: httpx.AsyncClient) -> None:
    await report(client, group())
    assert (await client.get("/v1/incidents/INC-1")).json()["links"]["page"] is None


async def test_once_somebody_has_spoken_the_incident_is_theirs(client: httpx.AsyncClient) -> None:
    await report(client, group())
    said = {"title": "Payments fail", "body": "We are looking.", "audiences": ["oncall", "support", "customers"]}
    assert (await client.post("/v1/incidents/INC-1/updates", json=said)).status_code == 202
    for body in (group(summary="Worse."), group("resolved")):
        assert (await report(client, body))["result"] == "left_to_people"
    assert len(await updates(client, "INC-1")) == 2
    await client.post("/v1/incidents/INC-1/updates", json={"body": "It works.", "status": "resolved"})
    assert (await report(client, group()))["incident"] == "INC-2"


async def test_a_trouble_that_nobody_here_heard_of_ends_quietly(client: httpx.AsyncClient) -> None:
    assert await report(client, group("resolved")) == {"key": "errors", "result": "not_open", "incident": None}
    assert (await client.get("/v1/incidents")).json()["items"] == []


async def test_sources_and_keys_are_troubles_of_their_own(client: httpx.AsyncClient) -> None:
    await report(client, group())
    assert (await report(client, group(groupKey="other")))["incident"] == "INC-2"
    assert (await report(client, group(), "/hooks/grafana"))["incident"] == "INC-3"


async def test_reports_at_the_same_moment_open_one_incident(client: httpx.AsyncClient) -> None:
    done = await asyncio.gather(*(report(client, group()) for _ in range(6)))
    assert sorted(one["result"] for one in done) == ["opened"] + ["unchanged"] * 5
    assert {one["incident"] for one in done} == {"INC-1"}


async def test_components_that_are_none_of_ours_are_passed_over(client: httpx.AsyncClient) -> None:
    await report(client, group())
    assert (await updates(client, "INC-1"))[0]["components"] == {}


@pytest.mark.parametrize(
    "odd",
    ["nul\0", "half \ud800", "two\nlines", "x" * 30_000, "=?utf-8?q?x?=", "\u202eright to left", " ", "{{title}}"],
)
async def test_nothing_is_refused_for_how_it_is_written(client: httpx.AsyncClient, odd: str) -> None:
    alert = {"status": "firing", "labels": {"component": odd, "severity": odd}, "annotations": {"description": odd}}
    body = {"groupKey": f"k{odd}", "commonAnnotations": {"summary": odd}, "alerts": [alert], "externalURL": odd}
    for _ in range(2):
        sent = await client.post(URL, content=json.dumps(body), headers={"Content-Type": "application/json"})
        assert sent.status_code == 202, sent.text
    assert len((await client.get("/v1/incidents")).json()["items"]) == 1


@pytest.mark.parametrize(
    ("url", "content", "code", "says"),
    [
        ("/hooks/nagios", b"{}", 404, "There is no source 'nagios'. There are: "),
        (URL, b"{", 400, "This is no JSON."),
        (URL, b"[" * 90_000, 400, "This is no JSON."),
        (URL, b"\xff", 400, "This is no JSON."),
        (URL, b"{}", 422, "no report of Alertmanager"),
        (URL, b" " * 1_000_001, 413, "at most"),
    ],
)
async def test_what_cannot_be_read_is_refused_with_what_to_do(
    client: httpx.AsyncClient, url: str, content: bytes, code: int, says: str
) -> None:
    answer = await client.post(url, content=content)
    assert (answer.status_code, says in answer.json()["detail"]) == (code, True), answer.text


async def test_it_takes_a_key_that_may_write_incidents(client: httpx.AsyncClient, app: FastAPI, join: Join) -> None:
    reader = await join(Scope.INCIDENTS_READ)
    assert (await reader.post(URL, json=group())).status_code == 403
    key = client.headers["authorization"].partition(" ")[2]
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://status.test") as stranger:
        assert (await stranger.post(URL, json=group())).status_code == 401
        for wrong in ("Bearer tcs_wrong", "Basic x", "Basic ", "Digest x", f"Basic {key}"):
            answer = await stranger.post(URL, json=group(), headers={"Authorization": wrong})
            assert answer.status_code == 401, wrong
        basic = f"Basic {b64encode(f'tocsin:{key}'.encode()).decode()}"
        assert (await stranger.post(URL, json=group(), headers={"Authorization": basic})).status_code == 202
        # Elsewhere a key is a bearer and nothing else.
        assert (await stranger.get("/v1/incidents", headers={"Authorization": basic})).status_code == 401


@pytest.mark.parametrize(("secret", "code"), [("old", 202), ("new", 202), ("other", 401), (None, 401)])
async def test_a_signature_does_where_its_secret_is_set(app: FastAPI, secret: str | None, code: int) -> None:
    raw = json.dumps({"action": "created", "data": {"issue": {"id": "1", "title": "TypeError"}}}).encode()
    signature = hmac.digest(secret.encode(), raw, "sha256").hex() if secret else ""
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://status.test") as sentry:
        answer = await sentry.post("/hooks/sentry", content=raw, headers={"Sentry-Hook-Signature": signature})
        assert answer.status_code == code
        # A secret of one system signs nothing for another.
        other = await sentry.post("/hooks/grafana", content=raw, headers={"X-Grafana-Alerting-Signature": signature})
        assert other.status_code == 401


async def test_cloudevents_are_let_in_by_their_handshake(client: httpx.AsyncClient) -> None:
    asked = await client.options("/hooks/cloudevents", headers={"WebHook-Request-Origin": "events.example.com"})
    assert (asked.status_code, asked.headers["webhook-allowed-origin"]) == (200, "events.example.com")
    event = {"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "data": {"title": "Down"}}
    batch = [event, event | {"id": "2"}]
    answer = await client.post(
        "/hooks/cloudevents", content=json.dumps(batch), headers={"Content-Type": "application/cloudevents-batch+json"}
    )
    assert [one["incident"] for one in answer.json()["signals"]] == ["INC-1", "INC-2"]
    half = [event | {"id": "3"}, event | {"specversion": "9"}]
    answer = await client.post(
        "/hooks/cloudevents", content=json.dumps(half), headers={"Content-Type": "application/cloudevents-batch+json"}
    )
    assert answer.status_code == 422  # all of a batch, or nothing
    assert len((await client.get("/v1/incidents")).json()["items"]) == 2


async def test_a_report_is_a_promise_like_any_update(client: httpx.AsyncClient, engine: AsyncEngine) -> None:
    await report(client, group())
    async with engine.connect() as connection:
        promised = await connection.execute(text("SELECT urgent FROM outbox WHERE kind = 'fan_out'"))
        assert [row.urgent for row in promised] == [True]
