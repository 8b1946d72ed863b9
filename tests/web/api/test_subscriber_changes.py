"""What GET answers of a subscriber can be sent back by PATCH: it changes nothing, or what was made different."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from api_callers import Join
from subscriber_bodies import ADA, subscribed, with_endpoint, with_preference
from tocsin.domain.scope import Scope


async def everything(client: httpx.AsyncClient, engine: AsyncEngine) -> str:
    """Subscribe somebody with an endpoint in every state, one of which follows and snoozes incidents."""
    await client.post("/v1/components", json={"slug": "checkout", "name": "Checkout"})
    incident = (await client.post("/v1/incidents", json={"title": "It broke", "body": "It broke."})).json()["id"]
    other = (await client.post("/v1/incidents", json={"title": "Search broke", "body": "It broke."})).json()["id"]
    attention = {"follows": [incident], "snoozed": {other: "2030-01-01T00:00:00Z"}}
    states = ("paused", "quarantined", "opted_out")
    email = {"channel": "email"}
    body = ADA | {
        "endpoints": [
            with_preference(mode="daily", digest_at="08:00", components=["checkout"])["endpoints"][0] | attention,
            email | {"address": "new@example.com", "preference": {"fallback": "email:ada@example.com"}},
            *(email | {"address": f"{state}@example.com", "state": state} for state in states),
        ]
    }
    made = await subscribed(client, body)
    async with engine.begin() as connection:
        await connection.execute(
            text("""
                INSERT INTO trouble (endpoint_id, since, last, failures, note)
                SELECT id, 1.25, 2.5, 3, 'It takes nothing.' FROM endpoint WHERE address = 'paused@example.com'
            """)
        )
        await connection.execute(text("DELETE FROM component"))  # somebody is left with nothing
    return f"/v1/subscribers/{made['id']}"


async def test_what_was_got_can_be_sent_back_and_changes_nothing(
    client: httpx.AsyncClient, join: Join, engine: AsyncEngine
) -> None:
    url = await everything(client, engine)
    before = (await client.get(url)).json()
    writer = await join(Scope.SUBSCRIBERS_WRITE)  # who makes nothing active needs no more
    answer = await writer.patch(url, json=before)
    assert answer.status_code == 200, answer.text
    assert answer.json() | {"updated_at": before["updated_at"]} == before


async def test_what_is_made_different_is_changed(client: httpx.AsyncClient, engine: AsyncEngine) -> None:
    url = await everything(client, engine)
    body = (await client.get(url)).json()
    body["name"] = "Ada L."
    body["endpoints"][0]["state"] = "paused"
    body["endpoints"][1]["confirmed"] = True
    changed = (await client.patch(url, json=body)).json()
    assert changed["name"] == "Ada L."
    states = ["paused", "active", "paused", "quarantined", "opted_out"]
    assert [one["state"] for one in changed["endpoints"]] == states


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("id", "abc", "the server's own"),
        ("created_at", "2020-01-01T00:00:00Z", "the server's own"),
        ("updated_at", "2020-01-01T00:00:00Z", "Leave it out"),
        ("endpoints.0.id", "abc", "the server's own"),
        ("endpoints.0.state_reason", "x", "the server's own"),
        ("endpoints.0.trouble", {"since": "x"}, "the server's own"),
        ("endpoints.0.state", "unconfirmed", "nothing makes an endpoint unconfirmed again"),
        ("endpoints.0.follows", ["abc"], "/follows"),
        ("endpoints.0.only_follows", True, "/follows"),
        ("endpoints.0.snoozed", {"abc": None}, "/follows"),
        ("endpoints.0.preference.components", [], "Name one at least"),
        ("endpoints.0.address", "other@example.com", "the server's own"),  # the id is that of another address
    ],
)
async def test_what_is_the_servers_own_is_refused_where_it_differs(
    client: httpx.AsyncClient, name: str, value: Any, says: str
) -> None:
    made = await subscribed(client)
    body: Any = (await client.get(f"/v1/subscribers/{made['id']}")).json()
    *path, last = name.split(".")
    place = body
    for step in path:
        place = place[int(step) if step.isdigit() else step]
    place[last] = value
    answer = await client.patch(f"/v1/subscribers/{made['id']}", json=body)
    assert answer.status_code == 422, answer.text
    assert says in answer.json()["detail"]
    assert answer.json()["errors"][0]["field"] == name.replace("address", "id")
    assert (await client.get(f"/v1/subscribers/{made['id']}")).json() == made


async def test_what_writes_to_somebody_still_takes_operate(client: httpx.AsyncClient, join: Join) -> None:
    made = await subscribed(client, with_endpoint(confirmed=False))
    url = f"/v1/subscribers/{made['id']}"
    writer = await join(Scope.SUBSCRIBERS_WRITE)
    endpoint = {"channel": "email", "address": "ada@example.com"}
    for more in ({"confirmed": True}, {"state": "active"}, {"state": "quarantined"}):
        assert (await writer.patch(url, json={"endpoints": [endpoint | more]})).status_code == 403
    await client.patch(url, json={"endpoints": [endpoint | {"confirmed": True}]})
    word = {"confirmed": True, "written_consent": {"basis": "A letter", "at": "2020-01-01T00:00:00Z"}}
    assert (await writer.patch(url, json={"endpoints": [endpoint | word]})).status_code == 403
    assert (await writer.patch(url, json={"endpoints": [endpoint | {"confirmed": True}]})).status_code == 200


async def test_evidence_is_not_taken_and_dropped(client: httpx.AsyncClient) -> None:
    made = await subscribed(client)
    consent = [{"what": "asked", "how": "page", "at": "2020-01-01T00:00:00Z"}]
    body = {"endpoints": [{"channel": "email", "address": "ada@example.com", "consent": consent}]}
    answer = await client.patch(f"/v1/subscribers/{made['id']}", json=body)
    assert answer.status_code == 422
    assert "Leave consent out" in answer.json()["detail"]
