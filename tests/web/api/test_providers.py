"""Operators see how each provider fares, and say what it carries or whether it is used, on record with who did."""

from __future__ import annotations

from typing import Any

import httpx

from api_callers import Join
from tocsin.domain.scope import Scope


async def provider(client: httpx.AsyncClient) -> dict[str, Any]:
    listed = (await client.get("/v1/channels")).json()["items"]
    [email] = [channel for channel in listed if channel["name"] == "email"]
    assert [channel["providers"] for channel in listed if channel["name"] == "webhook"] == [[]]
    found: list[dict[str, Any]] = email["providers"]
    [one] = found
    return one


async def test_who_carries_chat_is_shown_by_name(client: httpx.AsyncClient) -> None:
    listed = (await client.get("/v1/channels")).json()["items"]
    by_name = {channel["name"]: channel["provider"] for channel in listed}
    assert by_name["chat"] == "slack, teams, apprise"
    assert by_name["webhook"] == "webhook"


async def test_a_provider_is_shown_with_its_weight_and_health(client: httpx.AsyncClient) -> None:
    shown = await provider(client)
    assert shown == {
        "name": "smtp",
        "weight": 100,
        "health": 100,
        "state": "closed",
        "wanted": "auto",
        "since": None,
        "why": None,
        "seconds": None,
        "last_minute": {"good": 0, "our_fault": 0, "errors": 0, "slow": 0},
        "changes": [],
    }


async def test_an_operator_turns_one_off_and_on_again_on_record(client: httpx.AsyncClient) -> None:
    path = "/v1/channels/email/providers/smtp"
    assert (await client.post(path, json={"state": "off", "weight": 30})).status_code == 200
    shown = await provider(client)
    assert (shown["state"], shown["wanted"], shown["weight"]) == ("off", "off", 30)
    assert (shown["health"], shown["why"]) == (0, "an operator decided so"), "nothing goes to it"
    assert shown["since"] == shown["changes"][0]["at"]
    said = [(one["what"], one["before"], one["after"], one["by"]) for one in shown["changes"]]
    who = shown["changes"][0]["by"]
    assert said == [("state", "auto", "off", who), ("weight", "as configured", "30", who)]
    assert "test" in who
    assert 'tocsin_provider_usable{channel="email",provider="smtp"} 0.0' in (await client.get("/metrics")).text
    assert 'tocsin_provider_health{channel="email",provider="smtp"} 0.0' in (await client.get("/metrics")).text
    await client.post(path, json={"state": "auto"})
    shown = await provider(client)
    assert (shown["state"], shown["wanted"], shown["health"]) == ("closed", "auto", 100)
    assert 'tocsin_provider_usable{channel="email",provider="smtp"} 1.0' in (await client.get("/metrics")).text


async def test_what_cannot_be_followed_is_refused(client: httpx.AsyncClient, join: Join) -> None:
    path = "/v1/channels/email/providers/smtp"
    assert (await client.post(path, json={})).status_code == 422
    assert (await client.post(path, json={"state": "broken"})).status_code == 422
    assert (await client.post(path, json={"weight": -1})).status_code == 422
    missing = await client.post("/v1/channels/email/providers/other", json={"weight": 1})
    assert missing.status_code == 404
    assert "There are: smtp." in missing.json()["detail"]
    reader = await join(Scope.INCIDENTS_READ)
    assert (await reader.post(path, json={"weight": 1})).status_code == 403
