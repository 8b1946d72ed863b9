"""Whoever tries links that are none of ours gets nowhere and costs little; nobody else is kept out for it."""

from __future__ import annotations

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from delivery.world import World
from joining import ASKS, from_network, words
from post_office import PostOffice
from tocsin.domain.tokens import Signer
from tocsin.settings import Settings


@pytest.mark.parametrize("page", ["manage", "confirm", "unsubscribe"])
async def test_a_network_that_tries_links_is_not_looked_up_any_more(
    visitor: httpx.AsyncClient, app: FastAPI, settings: Settings, page: str
) -> None:
    assert [(await visitor.get(f"/{page}/{n}")).status_code for n in range(62)] == [404] * 60 + [429] * 2
    asked: list[str] = []
    engine: AsyncEngine = app.state.site.engine
    event.listen(engine.sync_engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    late = await visitor.get(f"/{page}/again", headers={"Accept-Language": "de"})
    assert (late.status_code, late.headers["retry-after"]) == (429, "60")
    assert "Aus Ihrem Netz wurden zu viele Links geöffnet" in words(late)
    assert asked == []
    async with from_network(app, settings, "198.51.100.7") as neighbour:
        assert (await neighbour.get(f"/{page}/x")).status_code == 404


async def test_who_has_a_link_goes_on_with_it_whoever_else_is_in_their_network(
    visitor: httpx.AsyncClient, world: World, settings: Settings, way_in: str
) -> None:
    assert (await visitor.get(way_in)).status_code == 200
    for n in range(61):
        await visitor.get(f"/manage/{n}")
    assert (await visitor.get(way_in)).status_code == 200
    assert (await visitor.post(way_in, data={"do": "stop-all"})).status_code == 303
    person = await world.person("bob@example.com")
    out = f"/unsubscribe/{Signer(settings.secret.get_secret_value(), 'unsubscribe').make(person)}"
    assert (await visitor.get(out)).status_code == 200  # that was never opened before
    assert (await visitor.post(out, data={"List-Unsubscribe": "One-Click"})).text == "Unsubscribed."


async def test_scanners_open_good_links_as_often_as_they_like(
    visitor: httpx.AsyncClient, office: PostOffice, way_in: str
) -> None:
    await visitor.post("/subscribe", data=ASKS | {"address_email": "bob@example.com"})
    question = await office.path("bob@example.com")
    for _ in range(100):
        assert (await visitor.get(way_in)).status_code == 200
        assert (await visitor.head(question)).status_code == 200
