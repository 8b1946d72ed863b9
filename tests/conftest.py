"""What every test may stand on: a real PostgreSQL and a real Valkey for the run, a fresh migrated database for each."""

from __future__ import annotations

import asyncio
import gc
import itertools
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
import structlog
from hypothesis import settings
from sqlalchemy.ext.asyncio import AsyncEngine

from psql import psql
from tocsin.broker import redis_url
from tocsin.embedded.postgres import DURABLE, Postgres
from tocsin.embedded.process import running
from tocsin.embedded.valkey import Valkey
from tocsin.store.engine import make_engine
from tocsin.store.migrate import migrate

# A test's database may be lost: nothing waits for the disk.
_FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "300"}
_TEMPLATE = "template_tocsin"
_MEMORY = Path("/dev/shm")
_ROOM = 4 * 2**30
_numbers = itertools.count(1)
# A slow machine is no fault of what is tested.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
_PRISM = Path(__file__).parents[1] / ".venv/prism/node_modules/.bin/prism"
_HELD_TO_TWILIO = _PRISM.exists() and shutil.which("node") is not None
collect_ignore = [] if _HELD_TO_TWILIO else ["test_twilio_document.py"]


def pytest_collection() -> None:
    """Collect no garbage while all tests are read."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Pass over what all tests stand on from here on: the collector would look through all of it again and again."""
    gc.collect()
    gc.freeze()
    gc.enable()


def pytest_report_header() -> str:
    where = "held to Twilio's own document by Prism"
    return f"texts: {where if _HELD_TO_TWILIO else f'not {where}, which npm has not set up in .venv/prism'}"


@pytest.fixture(scope="session", autouse=True)
def _loggers_that_can_be_listened_to() -> Iterator[None]:
    """Keep commands that run in this process from fixing each logger to what they configured."""
    configure = structlog.configure

    def configured(**how: Any) -> None:
        how["cache_logger_on_first_use"] = False
        configure(**how)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(structlog, "configure", configured)
        yield


@pytest.fixture(autouse=True)
def _logs_as_they_were() -> Iterator[None]:
    """Undo what a command that ran in this process made of logs: the next test hears them where it listens."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.fixture(scope="session")
def run_folder() -> Iterator[Path]:
    # Not pytest's own: its paths are too long for sockets, and it keeps them after the run. In memory, where there is
    # enough of it, a database is made for each test in a fifth of the time.
    roomy = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free >= _ROOM
    with tempfile.TemporaryDirectory(prefix="tocsin-test-", dir=_MEMORY if roomy else None) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def postgres(run_folder: Path) -> Iterator[Postgres]:
    server = Postgres(run_folder / "database", run_folder / "run", DURABLE | _FORGETFUL)
    log = run_folder / "database.log"
    server.prepare(log)
    with running(server, log):
        psql(server, "postgres", f"CREATE DATABASE {_TEMPLATE}")
        asyncio.run(migrate(server.url(_TEMPLATE)))
        yield server


@pytest.fixture
def database_url(postgres: Postgres) -> Iterator[str]:
    """Return the address of a migrated, empty database of the test's own."""
    name = f"test_{next(_numbers)}"
    psql(postgres, "postgres", f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE} STRATEGY FILE_COPY")
    yield postgres.url(name)
    psql(postgres, "postgres", f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    made = make_engine(database_url, pool_size=8)
    yield made
    await made.dispose()


@pytest.fixture(scope="session")
def valkey(run_folder: Path) -> Iterator[Valkey]:
    server = Valkey(run_folder / "broker", run_folder / "run", ("--appendonly", "no"))
    server.prepare()
    with running(server, run_folder / "broker.log"):
        yield server


@pytest.fixture
def broker_url(valkey: Valkey) -> str:
    """Return the address of an empty broker."""
    with redis.Redis.from_url(redis_url(valkey.url)) as client:
        client.flushall()
    return valkey.url


@pytest.fixture
def tmp_home() -> Iterator[Path]:
    """Return an empty folder with a short path, for a Tocsin of the test's own."""
    with tempfile.TemporaryDirectory(prefix="tocsin-home-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)
