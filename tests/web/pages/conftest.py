"""The application over a real database, in this process and behind a real port; operators and browsers to use it."""

from __future__ import annotations

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
import uvicorn
from argon2 import PasswordHasher
from fastapi import FastAPI
from playwright.async_api import Browser, Page, async_playwright
from pydantic import SecretStr
from sqlalchemy import text

from delivery.world import World, open_world
from joining import ADA
from post_office import PostOffice
from tocsin.carrier_sections import Email
from tocsin.settings import Settings
from tocsin.store.engine import begin
from tocsin.web.main import create_app
from tocsin.web.pages import status

PASSWORD = "correct horse battery staple"
OPERATOR = "lead@example.com"
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture
def folder(tmp_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where a worker writes the status page, and have the web look there each time that it is asked."""
    monkeypatch.setattr(status, "_LOOK_EVERY_SECONDS", 0.0)
    return tmp_home / "page"


@pytest.fixture
async def world(database_url: str, broker_url: str) -> AsyncIterator[World]:
    made = await open_world(database_url, broker_url)
    yield made
    await made.close()


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


@pytest.fixture
def settings(database_url: str, broker_url: str, tmp_home: Path, listener: socket.socket) -> Settings:
    return Settings(
        brand="Acme",
        home=tmp_home,
        database_url=database_url,
        broker_url=broker_url,
        public_url=f"http://127.0.0.1:{listener.getsockname()[1]}",
        secret=SecretStr("s" * 32),
        email=Email(smtp_url="smtp://127.0.0.1:9"),
    )


@pytest.fixture
async def app(settings: Settings) -> AsyncIterator[FastAPI]:
    made = create_app(settings)
    async with made.router.lifespan_context(made):
        yield made


@pytest.fixture
async def visitor(app: FastAPI, settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """Return someone with a browser's manners and no cookie yet."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=settings.url) as client:
        client.headers["Origin"] = settings.url
        yield client


@pytest.fixture
async def site(app: FastAPI, settings: Settings, listener: socket.socket) -> AsyncIterator[str]:
    """Return the address of the application behind a real port."""
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=1))
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:  # noqa: ASYNC110  uvicorn offers nothing to wait for
        await asyncio.sleep(0.01)
    yield settings.url
    server.should_exit = True
    await serving


@pytest.fixture
def office(world: World, settings: Settings) -> PostOffice:
    """Return the worker's desk from which notices go to people."""
    return PostOffice(world.engine, settings)


@pytest.fixture
async def way_in(world: World, office: PostOffice, visitor: httpx.AsyncClient) -> str:
    """Return the way to what Ada chose, as she has it mailed to her."""
    await world.component("checkout")
    await world.component("api")
    await world.person(ADA)
    await visitor.post("/manage", data={"address": ADA})
    return await office.path(ADA)


@pytest.fixture
async def operator(world: World) -> str:
    """Return the e-mail address of someone who may sign in."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    async with begin(world.engine) as connection:
        await connection.execute(
            text("INSERT INTO operator (email, password) VALUES (:email, :password)"),
            {"email": OPERATOR, "password": cheap.hash(PASSWORD)},
        )
    return OPERATOR


@pytest.fixture
async def console(visitor: httpx.AsyncClient, operator: str) -> httpx.AsyncClient:
    """Return the browser of an operator who has signed in."""
    answer = await visitor.post("/console/sign-in", data={"email": operator, "password": PASSWORD})
    assert answer.status_code == 303
    return visitor


def _chromium() -> str | None:
    """Return where it is, by each of the names that `make browser` looks for."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next(filter(None, map(shutil.which, names)), None)


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=_chromium(), args=_FLAGS)
        yield launched
        await launched.close()


@pytest.fixture
async def tab(browser: Browser) -> AsyncIterator[Page]:
    """Return a new tab; whatever the browser complains about in it fails the test."""
    context = await browser.new_context(viewport={"width": 1280, "height": 800})
    made = await context.new_page()
    complaints: list[str] = []
    # That an answer was no success is told by the page itself.
    made.on(
        "console",
        lambda said: (
            complaints.append(said.text)
            if said.type in {"error", "warning"} and "status of 4" not in said.text
            else None
        ),
    )
    made.on("pageerror", lambda error: complaints.append(str(error)))
    yield made
    await context.close()
    assert complaints == []
