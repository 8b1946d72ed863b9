"""What the console says of an installation's health: the audit, and how long a message takes to its provider."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from delivery.two_servers import WRONG_PASSWORD, two_servers
from delivery.world import World
from tocsin.domain.channel import ChannelName
from tocsin.services.canary import Canaries
from tocsin.services.sweep import keep_house
from tocsin.settings import Canary, Settings
from web.pages.conftest import OPERATOR, PASSWORD

pytestmark = pytest.mark.usefixtures("operator")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"canary": Canary(email="canary@example.com")})


async def test_an_operator_sees_the_codes_that_no_table_has(visitor: httpx.AsyncClient, world: World) -> None:
    await visitor.post("/console/sign-in", data={"email": OPERATOR, "password": PASSWORD})
    assert "no table of ours has" not in (await visitor.get("/console/channels")).text
    await world.run(
        "INSERT INTO unlisted_code (channel, provider, code, note, n) "
        "VALUES ('email', 'smtp', '5.9.9', '550 5.9.9 <new>', 1200)"
    )
    shown = (await visitor.get("/console/channels")).text
    assert "no table of ours has" in shown
    assert "smtp 5.9.9</strong>, 1,200 times" in shown
    assert "550 5.9.9 &lt;new&gt;" in shown


async def test_an_operator_sees_the_audit_and_how_canaries_fare(visitor: httpx.AsyncClient, world: World) -> None:
    async def shown() -> str:
        return (await visitor.get("/console/channels")).text

    await visitor.post("/console/sign-in", data={"email": OPERATOR, "password": PASSWORD})
    assert "has not run yet" in await shown()
    await keep_house(world.pool)
    assert "promises kept" in await shown()
    assert "the first canary is under way" not in await shown()
    await keep_house(world.pool, canaries=Canaries({"email": "canary@example.com"}, 300.0))
    assert "the first canary is under way" in await shown()
    await world.run(
        """WITH n AS (INSERT INTO notice (kind, channel, address, address_key, outcome, created_at)
          SELECT 'canary', 'email', 'c', 'c', 'accepted', tocsin_now() - interval '3 minutes' RETURNING id, created_at)
        INSERT INTO outbox (kind, notice_id, created_at, done_at)
        SELECT 'notice', id, created_at, created_at + interval '1.5 seconds' FROM n"""
    )
    assert "a canary reached it in 1.5 s, 3 minutes ago" in await shown()
    await world.later(20 * 60)
    assert "Canary overdue: email: none has arrived for 23 minutes" in await shown()


async def test_a_channel_works_where_one_of_its_providers_does(
    visitor: httpx.AsyncClient, app: FastAPI, world: World, tmp_path: Path
) -> None:
    await visitor.post("/console/sign-in", data={"email": OPERATOR, "password": PASSWORD})
    assert "Does not work" in (await visitor.get("/console/channels")).text, "its one server is away"
    async with two_servers(world, tmp_path) as two:
        two.first.answers = dict(WRONG_PASSWORD)
        app.state.site.channels[ChannelName.EMAIL] = two.channel
        shown = (await visitor.get("/console/channels")).text
    assert "Does not work" not in shown
    assert "535" in shown, "what is wrong with the first is told all the same"


async def test_an_operator_sees_on_the_board_that_a_channel_is_paused(visitor: httpx.AsyncClient, world: World) -> None:
    await visitor.post("/console/sign-in", data={"email": OPERATOR, "password": PASSWORD})
    await world.crowd(3)
    await world.run("INSERT INTO channel (name, paused_at, paused_by) VALUES ('email', tocsin_now(), 'key:ops')")
    said = await world.tell("We see failed payments.")
    board = (await visitor.get(f"/console/incidents/{said.ref}")).text
    assert "Email is paused</a>: 3 deliveries wait until it is resumed." in board
    await world.run("UPDATE channel SET paused_at = NULL")
    assert "is paused" not in (await visitor.get(f"/console/incidents/{said.ref}")).text
