"""Chat endpoints over HTTP: webhooks for everybody, Apprise's addresses for who operates Tocsin."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from api_callers import Join
from tocsin.domain.scope import Scope

HOOK = "https://hooks.slack.com/services/T0/B0/token"


def chat(*addresses: str, **more: Any) -> dict[str, Any]:
    endpoints = [{"channel": "chat", "address": address, **more} for address in addresses]
    return {"audiences": ["customers"], "endpoints": endpoints}


async def test_a_webhook_is_taken_in_its_one_spelling_and_once(client: httpx.AsyncClient) -> None:
    made = await client.post("/v1/subscribers", json=chat(HOOK.replace("hooks", "HOOKS"), confirmed=True))
    assert made.status_code == 201, made.text
    [endpoint] = made.json()["endpoints"]
    assert (endpoint["address"], endpoint["state"]) == (HOOK, "active")
    assert (await client.post("/v1/subscribers", json=chat(HOOK))).status_code == 409


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("https://evil.example/services/x", "not known as a chat service"),
        ("http://127.0.0.1:8000/services/x", "https"),
        ("slack:#incidents", "chat.slack_bot_token"),
        ("apprise:json://127.0.0.1/x", "not open here"),
        ("#incidents", "Give the URL"),
    ],
)
async def test_what_leads_elsewhere_is_refused_at_the_door(address: str, says: str, client: httpx.AsyncClient) -> None:
    refused = await client.post("/v1/subscribers", json=chat(address, confirmed=True))
    assert refused.status_code == 422
    assert says in refused.json()["detail"]
    assert refused.json()["errors"][0]["field"] == "endpoints.0.address"


async def test_apprise_takes_a_key_with_operate(join: Join) -> None:
    subscriber = await join(Scope.SUBSCRIBERS_WRITE, Scope.SUBSCRIBERS_READ)
    refused = await subscriber.post("/v1/subscribers", json=chat(" apprise:discord://1/2"))
    assert refused.status_code == 403
    assert "operate" in refused.json()["detail"]
    made = (await subscriber.post("/v1/subscribers", json=chat(HOOK))).json()
    change = {"endpoints": chat("apprise:discord://1/2")["endpoints"]}
    assert (await subscriber.patch(f"/v1/subscribers/{made['id']}", json=change)).status_code == 403
    operator = await join(Scope.SUBSCRIBERS_WRITE, Scope.OPERATE)
    taken = await operator.post("/v1/subscribers", json=chat("apprise:discord://1/2", confirmed=True))
    assert taken.status_code == 201, taken.text
