"""The intake: what is taken in, what policy decides, and what is refused with its cure."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from api_callers import add_component

BROKEN = {"title": "Checkout is failing", "body": "We see failed payments."}


async def opened(client: httpx.AsyncClient, **more: Any) -> dict[str, Any]:
    answer = await client.post("/v1/incidents", json=BROKEN | more)
    assert answer.status_code == 202, answer.text
    said: dict[str, Any] = answer.json()
    return said


async def test_title_and_body_are_enough_and_policy_decides_the_rest(client: httpx.AsyncClient) -> None:
    said = await opened(client)

    assert said["ref"] == "INC-1"
    assert said["version"] == 1
    assert said["links"]["self"] == f"http://status.test/v1/incidents/{said['id']}"
    shown = (await client.get(f"/v1/incidents/{said['id']}")).json()
    assert shown["severity"] == "sev3"
    assert shown["status"] == "investigating"
    assert shown["impact"] == "none"
    assert shown["audiences"] == ["oncall", "support", "customers"]
    assert [update["phase"] for update in shown["updates"]] == ["opened"]


async def test_everything_that_can_be_said_is_taken_in_as_it_was_said(client: httpx.AsyncClient) -> None:
    await add_component(client, "checkout")
    sent: dict[str, Any] = {
        "title": "Checkout is failing",
        "severity": "sev1",
        "kind": "standard",
        "status": "identified",
        "impact": "minor",
        "body": "We see failed payments and are looking into it.",
        "texts": {"support": "Card payments fail with code 91.", "oncall": "psp-gw-3 times out", "customers.de": "…"},
        "titles": {"oncall": "psp-gw-3"},
        "audiences": ["oncall", "support", "customers"],
        "components": {"checkout": "partial_outage"},
        "next_update_in": 1800,
        "started_at": "2026-01-21T20:00:00.5+01:00",
        "notify": True,
        "template": None,
        "variables": {},
        "metadata": {"runbook": ["a", {"b": 1.5}]},
    }
    said = await opened(client, **sent)
    shown = (await client.get(f"/v1/incidents/{said['id']}")).json()
    update = shown["updates"][0]
    same = ("title", "severity", "kind", "status", "impact", "components", "audiences", "metadata")
    assert {name: shown[name] for name in same} == {name: sent[name] for name in same}
    assert {name: update[name] for name in ("body", "texts", "titles", "notify")} == {
        name: sent[name] for name in ("body", "texts", "titles", "notify")
    }
    assert shown["started_at"] == "2026-01-21T19:00:00.500000Z"
    assert shown["next_update_at"] > update["created_at"]
    for z in ("2026-01-21T20:00:00Z", "2026-01-21t20:00:00z"):
        assert (await opened(client, started_at=z))["version"] == 1


async def test_what_was_taken_in_is_promised_in_the_outbox(client: httpx.AsyncClient, engine: AsyncEngine) -> None:
    await opened(client, severity="sev1")
    async with engine.begin() as connection:
        promised = (await connection.execute(text("SELECT kind, urgent, due_at, done_at FROM outbox"))).one()
    assert (promised.kind, promised.urgent, promised.done_at) == ("fan_out", True, None)
    assert promised.due_at is not None


@pytest.mark.parametrize(
    ("said", "open_promises"),
    [
        ({"audiences": ["oncall"], "notify": False}, 0),
        ({"audiences": ["oncall"], "notify": True}, 1),
        ({"audiences": ["customers"], "notify": False}, 1),  # the page shows it
        ({"audiences": ["oncall"], "notify": False, "status": "resolved"}, 1),  # it takes back what is unsent
    ],
)
async def test_what_is_owed_to_nobody_is_a_promise_kept(
    client: httpx.AsyncClient, engine: AsyncEngine, said: dict[str, object], open_promises: int
) -> None:
    answer = await client.post(
        "/v1/incidents", json={"title": "Checkout is failing", "body": "We look into it.", **said}
    )
    assert answer.status_code == 202
    async with engine.begin() as connection:
        found = await connection.execute(text("SELECT count(*), count(*) FILTER (WHERE done_at IS NULL) FROM outbox"))
        assert tuple(found.one()) == (1, open_promises)


async def test_an_incident_goes_by_its_id_or_its_ref(client: httpx.AsyncClient) -> None:
    said = await opened(client)
    by_ref = await client.get("/v1/incidents/inc-1")
    assert by_ref.json()["id"] == said["id"]
    for wrong in ("INC-2", "INC-99999999999", "INC-x", "nothere", "a%00b", "ä"):
        missing = await client.get(f"/v1/incidents/{wrong}")
        assert missing.status_code == 404
        assert missing.headers["content-type"] == "application/problem+json"


async def test_security_starts_with_oncall_alone_and_has_no_public_page(client: httpx.AsyncClient) -> None:
    said = await opened(client, kind="security", severity="sev1")
    assert said["links"]["page"] is None
    assert (await client.get("/v1/incidents/INC-1")).json()["audiences"] == ["oncall"]


async def test_an_update_says_what_changed_and_keeps_the_rest(client: httpx.AsyncClient) -> None:
    for slug in ("checkout", "search"):
        await add_component(client, slug)
    await opened(client, severity="sev2", components={"checkout": "partial_outage"}, metadata={"a": 1})
    said = await client.post(
        "/v1/incidents/INC-1/updates",
        json={
            "body": "Found it.",
            "status": "identified",
            "components": {"search": "major_outage"},
            "metadata": {"b": 2},
        },
    )
    assert said.status_code == 202
    assert said.json()["version"] == 2
    shown = (await client.get("/v1/incidents/INC-1")).json()
    assert shown["title"] == "Checkout is failing"
    assert shown["severity"] == "sev2"
    assert shown["components"] == {"checkout": "partial_outage", "search": "major_outage"}
    assert shown["impact"] == "critical"
    assert shown["metadata"] == {"a": 1, "b": 2}
    assert [update["version"] for update in shown["updates"]] == [2, 1]


async def test_resolving_returns_every_component_to_operational(client: httpx.AsyncClient) -> None:
    for slug in ("checkout", "search"):
        await add_component(client, slug)
    await opened(client, components={"checkout": "partial_outage", "search": "major_outage"})
    await client.post(
        "/v1/incidents/INC-1/updates",
        json={"body": "Fixed.", "status": "resolved", "components": {"search": "degraded_performance"}},
    )
    shown = (await client.get("/v1/incidents/INC-1")).json()
    assert shown["components"] == {"checkout": "operational", "search": "degraded_performance"}
    assert shown["impact"] == "critical"
    assert shown["resolved_at"] is not None
    assert (await client.get("/v1/incidents?open=true")).json()["items"] == []
    assert len((await client.get("/v1/incidents?open=false")).json()["items"]) == 1


async def test_an_illegal_move_is_409_and_says_which_are_legal(client: httpx.AsyncClient) -> None:
    await opened(client)
    answer = await client.post("/v1/incidents/INC-1/updates", json={"body": "x", "status": "postmortem"})
    assert answer.status_code == 409
    assert "investigating, identified, monitoring, resolved" in answer.json()["detail"]


async def test_a_higher_severity_adds_those_whom_policy_adds_and_drops_nobody(client: httpx.AsyncClient) -> None:
    await opened(client)
    await client.post("/v1/incidents/INC-1/updates", json={"body": "Worse.", "severity": "sev1"})
    everyone = ["oncall", "support", "leadership", "staff", "customers"]
    assert (await client.get("/v1/incidents/INC-1")).json()["audiences"] == everyone
    await client.post("/v1/incidents/INC-1/updates", json={"body": "Better.", "severity": "sev4"})
    assert (await client.get("/v1/incidents/INC-1")).json()["audiences"] == everyone


async def test_a_chosen_circle_is_not_widened_by_a_higher_severity(client: httpx.AsyncClient) -> None:
    await opened(client, audiences=["oncall"])
    await client.post("/v1/incidents/INC-1/updates", json={"body": "Worse.", "severity": "sev1"})
    assert (await client.get("/v1/incidents/INC-1")).json()["audiences"] == ["oncall"]
