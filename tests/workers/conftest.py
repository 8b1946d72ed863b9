"""A world that workers find in its database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from delivery.world import World, open_world


@pytest.fixture
async def world(database_url: str, broker_url: str) -> AsyncIterator[World]:
    made = await open_world(database_url, broker_url)
    yield made
    await made.close()
