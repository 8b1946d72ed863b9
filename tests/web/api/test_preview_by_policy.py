"""What the policy's cells keep from somebody is seen before an update is sent, and told by `why` afterwards."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from api_callers import add_component
from delivery.world import World, open_world
from tocsin.domain.channel import ChannelName
from tocsin.domain.incident import Severity
from tocsin.domain.policy import Cell

SAID: dict[str, Any] = {
    "title": "Checkout is failing",
    "body": "We see failed payments.",
    "severity": "sev2",
    "components": {"checkout": "partial_outage"},
}


@pytest.fixture
async def world(database_url: str, broker_url: str) -> AsyncIterator[World]:
    made = await open_world(database_url, broker_url)
    yield made
    await made.close()


async def test_cells_for_who_chose_and_for_what_lasts_are_seen_before_and_told_by_why(
    app: FastAPI, client: httpx.AsyncClient, world: World
) -> None:
    cells = {("customers", ChannelName.EMAIL, Severity.SEV2): Cell(chosen=True, lasts=1800)}
    world.policy = replace(world.policy, cells={**world.policy.cells, **cells})
    app.state.site = replace(app.state.site, policy=world.policy)
    await add_component(client, "checkout")
    await world.person("chose@example.com", components=["checkout"])
    await world.person("all@example.com")
    shown = (await client.post("/v1/incidents/preview", json=SAID)).json()
    mail = shown["reach"]["by_audience"]["customers"]["email"]
    assert (mail["hear"], mail["not_hear"]) == (1, {"policy": 1})
    await client.post("/v1/incidents", json=SAID)
    await world.spread()
    await world.deliver()
    for address, reason, words in (
        ("chose@example.com", "lasting", "only what lasts is told here"),
        ("all@example.com", "policy", "by policy"),
    ):
        [who] = (await client.get(f"/v1/subscribers?address={address}")).json()["items"]
        why = (await client.get(f"/v1/subscribers/{who['id']}/why?incident=INC-1")).text
        assert f'"{reason}"' in why
        assert words in why
