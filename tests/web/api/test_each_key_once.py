"""A key that stands twice is refused by its name: nobody can know which of the two was meant."""

from __future__ import annotations

import json

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from api_callers import is_problem
from tocsin.web.each_key_once import DoubledKey, EachKeyOnce, read_json

JSON = {"Content-Type": "application/json"}
TWICE = '{"title": "It is down.", "body": "We look.", "severity": "sev4", "severity": "sev1"}'
WITHIN = '{"title": "It is down.", "body": "We look.", "texts": {"oncall": "a", "support": "b", "oncall": "c"}}'


@pytest.mark.parametrize("path", ["/v1/incidents", "/v1/incidents/preview"])
@pytest.mark.parametrize(("body", "key"), [(TWICE, "severity"), (WITHIN, "oncall")])
async def test_it_is_refused_and_nothing_is_done(client: httpx.AsyncClient, path: str, body: str, key: str) -> None:
    answer = await client.post(path, content=body, headers=JSON)
    assert answer.status_code == 400
    is_problem(answer)
    said = answer.json()
    assert said["detail"] == f"The key '{key}' stands twice in one object, and only one could count. Write it once."
    assert [one["field"] for one in said["errors"]] == [key]
    assert (await client.get("/v1/incidents")).json()["items"] == []


async def test_a_change_is_refused_likewise(client: httpx.AsyncClient) -> None:
    await client.post("/v1/components", json={"slug": "checkout", "name": "Checkout"})
    changed = await client.patch("/v1/components/checkout", content='{"name": "a", "name": "b"}', headers=JSON)
    assert changed.status_code == 400
    assert "'name'" in changed.json()["detail"]


async def test_the_same_key_in_two_objects_is_no_other(client: httpx.AsyncClient) -> None:
    body = {"title": "It is down.", "body": "We look.", "texts": {"oncall": "a"}, "titles": {"oncall": "b"}}
    answer = await client.post("/v1/incidents", json=body | {"audiences": ["oncall", "customers"]})
    assert answer.status_code == 202


async def test_a_line_of_an_import_is_refused_and_the_others_are_not(client: httpx.AsyncClient) -> None:
    lines = ['{"name": "a", "name": "b", "audiences": ["customers"]}', '{"name": "c", "audiences": ["customers"]}']
    answer = await client.post(
        "/v1/subscribers/import", content="\n".join(lines), headers={"Content-Type": "application/x-ndjson"}
    )
    first, second, *_ = [json.loads(line) for line in answer.text.splitlines()]
    assert "'name' stands twice" in first["errors"][0]["detail"]
    assert second["status"] == "created"


def test_no_route_of_the_api_reads_bodies_otherwise(app: FastAPI) -> None:
    routes = [route for route in app.routes if isinstance(route, APIRoute) and route.path.startswith("/v1/")]
    assert len(routes) > 50
    assert [route.path for route in routes if not isinstance(route, EachKeyOnce)] == []


def test_the_longest_of_keys_is_cut() -> None:
    with pytest.raises(DoubledKey) as doubled:
        read_json(b'{"%b": 1, "%b": 2}' % (b"k" * 5_000, b"k" * 5_000))
    assert len(str(doubled.value)) < 250
