"""What the console says of an installation's health: the audit, and how long a message takes to its provider."""

from __future__ import annotations

import httpx
import pytest

from delivery.world import World
from tocsin.services.sweep import keep_house
from tocsin.settings import Canary, Settings
from web.pages.conftest import OPERATOR, PASSWORD

pytestmark = pytest.mark.usefixtures("operator")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"canary": Canary(email="canary@example.com")})


async def test_an_operator_sees_the_audit_and_how_canaries_fare(visitor: httpx.AsyncClient, world: World) -> None:
    async def shown() -> str:
        return (await visitor.get("/console/channels")).text

    await visitor.post("/console/sign-in", data={"email": OPERATOR, "password": PASSWORD})
    assert "has not run yet" in await shown()
    await keep_house(world.pool)
    assert "promises kept" in await shown()
    assert "canary" not in await shown()
    await world.run(
        """WITH n AS (INSERT INTO notice (kind, channel, address, address_key, outcome, created_at)
          SELECT 'canary', 'email', 'c', 'c', 'accepted', tocsin_now() - interval '3 minutes' RETURNING id, created_at)
        INSERT INTO outbox (kind, notice_id, created_at, done_at)
        SELECT 'notice', id, created_at, created_at + interval '1.5 seconds' FROM n"""
    )
    assert "a canary reached it in 1.5 s, 3 minutes ago" in await shown()
    await world.later(20 * 60)
    assert "Canary overdue: email: none has arrived for 23 minutes" in await shown()
