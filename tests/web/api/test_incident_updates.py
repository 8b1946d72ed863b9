"""Incidents over HTTP, further on: what becomes of them, and how they are found again."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx

BROKEN = {"title": "Checkout is failing", "body": "We see failed payments."}


async def opened(client: httpx.AsyncClient, **more: Any) -> dict[str, Any]:
    answer = await client.post("/v1/incidents", json=BROKEN | more)
    assert answer.status_code == 202, answer.text
    said: dict[str, Any] = answer.json()
    return said


async def test_what_becomes_a_security_matter_closes_the_circle(client: httpx.AsyncClient) -> None:
    await opened(client)
    await client.post("/v1/incidents/INC-1/updates", json={"body": "A breach.", "kind": "security"})
    assert (await client.get("/v1/incidents/INC-1")).json()["audiences"] == ["oncall"]


RULES: list[tuple[dict[str, Any], str]] = [
    ({"titel": "x"}, "titel"),
    ({"title": "x" * 256}, "title"),
    ({"title": "a\nb"}, "title"),
    ({"title": "a\u2028b"}, "title"),
    ({"title": "=?utf-8?q?x?="}, "title"),
    ({"title": "   "}, "title"),
    ({"title": 3}, "title"),
    ({"title": None}, "title"),
    ({"title": "half \ud800"}, "title"),
    ({"body": "x" * 25_001}, "body"),
    ({"body": "nul \0"}, "body"),
    ({"body": "half \udfff"}, "body"),
    ({"severity": "sev5"}, "severity"),
    ({"severity": 1}, "severity"),
    ({"status": "scheduled"}, "status"),
    ({"status": "postmortem"}, "status"),
    ({"kind": "odd"}, "kind"),
    ({"audiences": []}, "audiences"),
    ({"audiences": ["nobody"]}, "audiences"),
    ({"texts": {"nobody": "x"}}, "texts.nobody"),
    ({"texts": {"leadership": "x"}}, "texts.leadership"),
    ({"titles": {"leadership.de": "x"}}, "titles.leadership.de"),
    ({"texts": {"customers.d_": "x"}}, "texts.customers.d_"),
    ({"texts": {"customers": "\0"}}, "texts.customers"),
    ({"components": {"nothing": "major_outage"}}, "components.nothing"),
    ({"components": {"nul\0": "major_outage"}}, "components"),
    ({"next_update_in": 59}, "next_update_in"),
    ({"next_update_in": 604_801}, "next_update_in"),
    ({"next_update_in": True}, "next_update_in"),
    ({"next_update_in": 60.5}, "next_update_in"),
    ({"started_at": "2999-01-01T00:00:00Z"}, "started_at"),
    ({"started_at": "0001-01-01T00:00:00+23:59"}, "started_at"),
    ({"started_at": "9999-12-31T23:59:59-23:59"}, "started_at"),
    ({"started_at": "2026-01-01T00:00:00"}, "started_at"),
    ({"started_at": 1_700_000_000}, "started_at"),
    ({"notify": "yes"}, "notify"),
    ({"template": "outage"}, "template"),
    ({"variables": {"a": 1}}, "variables"),
    ({"metadata": {"a": "\0"}}, "metadata"),
    ({"metadata": {"half \ud800": 1}}, "metadata"),
    ({"metadata": {"a": 10**400}}, "metadata"),
    ({"metadata": {"a": "x" * 17_000}}, "metadata"),
    ({"metadata": [1]}, "metadata"),
]


async def test_a_broken_rule_is_422_and_names_the_field(client: httpx.AsyncClient) -> None:
    for more, field in RULES:
        answer = await client.post(
            "/v1/incidents", content=json.dumps(BROKEN | more), headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == 422, (more, answer.text)
        problem = answer.json()
        assert problem["errors"][0]["field"].startswith(field), (more, problem)
        assert problem["detail"]
        assert answer.headers["content-type"] == "application/problem+json"
    assert (await client.get("/v1/incidents")).json()["items"] == []


async def test_a_body_is_required(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/incidents", json={"title": "x"})
    assert answer.status_code == 422
    assert "body" in answer.json()["detail"]


async def test_two_updates_at_once_get_consecutive_versions(client: httpx.AsyncClient) -> None:
    await opened(client)
    answers = await asyncio.gather(
        *(client.post("/v1/incidents/INC-1/updates", json={"body": f"Update {n}"}) for n in range(12))
    )
    assert [answer.status_code for answer in answers] == [202] * 12
    assert sorted(answer.json()["version"] for answer in answers) == list(range(2, 14))


async def test_lists_come_a_page_at_a_time(client: httpx.AsyncClient) -> None:
    for _ in range(5):
        await opened(client)
    seen: list[str] = []
    cursor = None
    while True:
        params = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = (await client.get("/v1/incidents", params=params)).json()
        seen += [incident["ref"] for incident in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == ["INC-5", "INC-4", "INC-3", "INC-2", "INC-1"]


async def test_a_wrong_parameter_is_refused(client: httpx.AsyncClient) -> None:
    for query in ("limit=0", "limit=x", "opne=true", "cursor=x", "cursor=WzFd!", "cursor=WzEsMl0="):
        assert (await client.get(f"/v1/incidents?{query}")).status_code == 422, query
