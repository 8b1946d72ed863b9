"""Whom an update can be for, as a program reads it."""

from __future__ import annotations

import httpx


async def test_audiences_are_listed_from_the_inside_out(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/audiences")
    assert answer.status_code == 200
    listed = answer.json()
    assert [one["name"] for one in listed["items"]] == ["oncall", "support", "leadership", "staff", "customers"]
    assert [one["name"] for one in listed["items"] if one["public"]] == ["customers"]
    assert listed["next_cursor"] is None
    posted = {"body": "It is down.", "audiences": [one["name"] for one in listed["items"]]}
    assert (await client.post("/v1/incidents", json={"title": "Checkout", **posted})).status_code == 202
