"""What an export keeps besides addresses: states, pauses, evidence of consent; and whom no import subscribes."""

from __future__ import annotations

import json
from typing import Any

import httpx
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from api_callers import Join
from tocsin.domain.scope import Scope

NDJSON = {"Content-Type": "application/x-ndjson"}
CONSENT = [
    {"what": "asked", "how": "page", "at": "2026-11-01T10:00:00Z", "network": "192.0.2.0/24", "wording": "2026-11"},
    {"what": "confirmed", "how": "link", "at": "2026-11-01T10:05:00Z", "network": "192.0.2.0/24", "wording": "2026-11"},
]


def line(address: str, **more: Any) -> str:
    return json.dumps({"audiences": ["customers"], "endpoints": [{"channel": "email", "address": address} | more]})


async def imported(client: httpx.AsyncClient, *lines: str) -> list[dict[str, Any]]:
    answer = await client.post("/v1/subscribers/import", content="\n".join(lines), headers=NDJSON)
    return [json.loads(one) for one in answer.text.splitlines()][:-1]


async def test_every_state_and_all_evidence_comes_back_as_it_was(
    client: httpx.AsyncClient, engine: AsyncEngine
) -> None:
    paused = {"paused_until": "2030-01-01T00:00:00Z", "mode": "hourly"}
    await imported(
        client,
        line("active@example.com", confirmed=True, consent=CONSENT, preference=paused),
        line("new@example.com"),
        *(line(f"{state}@example.com", state=state) for state in ("paused", "quarantined", "opted_out")),
    )
    before = (await client.get("/v1/subscribers/export")).text
    assert '"paused_until": "2030-01-01T00:00:00Z"' in before
    assert json.dumps(CONSENT[1]) in before
    async with engine.begin() as connection:
        await connection.execute(text("DELETE FROM subscriber WHERE name <> 'Status page'"))
    assert [one["status"] for one in await imported(client, *before.splitlines())] == ["created"] * 5
    assert (await client.get("/v1/subscribers/export")).text == before


async def test_who_left_for_good_is_not_subscribed_by_a_list(client: httpx.AsyncClient) -> None:
    [made] = await imported(client, line("gone@example.com", state="opted_out"))
    assert (await client.delete(f"/v1/subscribers/{made['id']}")).status_code == 204
    [refused] = await imported(client, line("gone@example.com", confirmed=True))
    assert refused["status"] == "refused"
    assert "They alone can subscribe it" in refused["errors"][0]["detail"]
    [kept] = await imported(client, line("gone@example.com", state="opted_out"))
    assert kept["status"] == "created"


async def test_evidence_of_consent_takes_operate(join: Join) -> None:
    writer = await join(Scope.SUBSCRIBERS_WRITE)
    [refused] = await imported(writer, line("a@example.com", consent=CONSENT))
    assert "operate" in refused["errors"][0]["detail"]
