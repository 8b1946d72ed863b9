"""Snoozing, following and muting over HTTP, and what is said to who asks for what cannot be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx

from api_callers import Join
from subscriber_bodies import subscribed
from tocsin.domain.scope import Scope

SOON = (datetime.now(UTC) + timedelta(days=1)).isoformat()


async def opened(client: httpx.AsyncClient) -> str:
    answer = await client.post("/v1/incidents", json={"title": "Down", "body": "It is down."})
    ref: str = answer.json()["ref"]
    return ref


async def test_an_incident_is_snoozed_and_that_is_ended(client: httpx.AsyncClient) -> None:
    made, ref = await subscribed(client), await opened(client)
    url = f"/v1/subscribers/{made['id']}/snoozes"
    snoozed = await client.post(url, json={"incident": ref})
    assert snoozed.status_code == 200, snoozed.text
    assert list(snoozed.json()["endpoints"][0]["snoozed"].values()) == [None]
    until = await client.post(url, json={"incident": ref, "until": SOON, "endpoint_id": made["endpoints"][0]["id"]})
    assert next(iter(until.json()["endpoints"][0]["snoozed"].values())).startswith(SOON[:10])
    ended = await client.delete(f"{url}/{ref}")
    assert ended.json()["endpoints"][0]["snoozed"] == {}


async def test_an_incident_is_followed_alone_and_then_no_longer(client: httpx.AsyncClient) -> None:
    made, ref = await subscribed(client), await opened(client)
    url = f"/v1/subscribers/{made['id']}/follows"
    [endpoint] = (await client.post(url, json={"incident": ref, "only": True})).json()["endpoints"]
    assert (len(endpoint["follows"]), endpoint["only_follows"]) == (1, True)
    [endpoint] = (await client.delete(f"{url}/{ref}")).json()["endpoints"]
    assert endpoint["follows"] == []


async def test_what_cannot_be_snoozed_or_muted_is_refused(client: httpx.AsyncClient) -> None:
    made, ref = await subscribed(client), await opened(client)
    snoozes = f"/v1/subscribers/{made['id']}/snoozes"
    past = {"until": "2020-01-01T00:00:00Z"}
    for url, body, status in [
        (snoozes, {"incident": "INC-99"}, 404),
        (snoozes, {"incident": ref, "endpoint_id": "nothing"}, 404),
        (snoozes, {"incident": ref} | past, 422),
        ("/v1/mutes", {"until": SOON, "reason": "why"}, 422),
        ("/v1/mutes", {"until": SOON, "reason": "", "incident": ref}, 422),
        ("/v1/mutes", {"until": SOON, "reason": "why", "channel": "status_page"}, 422),
        ("/v1/mutes", {"until": SOON, "reason": "why", "component": "nothing"}, 422),
        ("/v1/mutes", {"until": SOON, "reason": "why", "incident": "INC-99"}, 404),
        ("/v1/mutes", {"reason": "why", "incident": ref} | past, 422),
    ]:
        assert (await client.post(url, json=body)).status_code == status, body
    await client.post(f"/v1/incidents/{ref}/updates", json={"body": "Over.", "status": "resolved"})
    assert (await client.post(snoozes, json={"incident": ref})).status_code == 409


async def test_mutes_are_listed_until_they_end_and_take_an_operator(client: httpx.AsyncClient, join: Join) -> None:
    ref = await opened(client)
    made = await client.post("/v1/mutes", json={"incident": ref, "until": SOON, "reason": "A drill."})
    assert made.status_code == 201, made.text
    assert (made.json()["incident"], made.json()["reason"], made.json()["ended_at"]) == (ref, "A drill.", None)
    assert (await client.get("/v1/mutes")).json()["items"] == [made.json()]
    ended = await client.post(f"/v1/mutes/{made.json()['id']}/end")
    assert ended.json()["ended_at"] is not None
    assert (await client.get("/v1/mutes")).json()["items"] == []
    assert (await client.get("/v1/mutes?ended=true")).json()["items"] == [ended.json()]
    assert (await client.post("/v1/mutes/nothing/end")).status_code == 404
    reader = await join(Scope.INCIDENTS_READ, Scope.SUBSCRIBERS_WRITE)
    body = {"incident": ref, "until": SOON, "reason": "Why not."}
    assert (await reader.post("/v1/mutes", json=body)).status_code == 403
