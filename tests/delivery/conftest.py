"""A small world on a real database: people with endpoints, incidents that get published, workers one can step."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from delivery.world import World, open_world
from tocsin.services import attempt


@pytest.fixture
async def world(database_url: str, broker_url: str) -> AsyncIterator[World]:
    made = await open_world(database_url, broker_url)
    yield made
    await made.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a batch wait a tenth as long for the slowest of its addresses."""
    monkeypatch.setattr(attempt, "_SLOW_SECONDS", 0.2)
