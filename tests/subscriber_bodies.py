"""Subscribers as callers send them, for tests of what becomes of them."""

from __future__ import annotations

from typing import Any

import httpx

ADA: dict[str, Any] = {
    "name": "Ada",
    "locale": "de",
    "time_zone": "Europe/Berlin",
    "audiences": ["customers"],
    "endpoints": [{"channel": "email", "address": "ada@example.com", "confirmed": True}],
}


def with_endpoint(**more: Any) -> dict[str, Any]:
    return ADA | {"endpoints": [ADA["endpoints"][0] | more]}


def with_preference(**more: Any) -> dict[str, Any]:
    return with_endpoint(preference=more)


async def subscribed(client: httpx.AsyncClient, body: dict[str, Any] = ADA) -> dict[str, Any]:
    answer = await client.post("/v1/subscribers", json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made
