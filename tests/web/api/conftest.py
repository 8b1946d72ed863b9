"""A running application over a real database and broker, and callers with keys of every kind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from api_callers import Join, caller
from tocsin.carrier_sections import Email
from tocsin.domain.scope import Scope
from tocsin.services.keys import create_key
from tocsin.settings import Settings
from tocsin.web.main import create_app


@pytest.fixture
def settings(database_url: str, broker_url: str, tmp_home: Path) -> Settings:
    return Settings(
        home=tmp_home,
        database_url=database_url,
        broker_url=broker_url,
        public_url="http://status.test",
        secret=SecretStr("s" * 32),
        email=Email(smtp_url="smtp://127.0.0.1:9"),
    )


@pytest.fixture
async def app(settings: Settings) -> AsyncIterator[FastAPI]:
    made = create_app(settings)
    async with made.router.lifespan_context(made):
        yield made


@pytest.fixture
async def join(app: FastAPI, engine: AsyncEngine) -> AsyncIterator[Join]:
    """Return what makes a caller with a key of the given scopes, admin where none is given."""
    clients: list[httpx.AsyncClient] = []

    async def make(*scopes: Scope, requests_per_minute: int | None = None) -> httpx.AsyncClient:
        secret, _ = await create_key(
            engine, f"test {len(clients)}", scopes or (Scope.ADMIN,), requests_per_minute=requests_per_minute
        )
        client = caller(app, secret)
        clients.append(client)
        return client

    yield make
    for client in clients:
        await client.aclose()


@pytest.fixture
async def client(join: Join) -> httpx.AsyncClient:
    """Return a caller who may do everything."""
    return await join()
