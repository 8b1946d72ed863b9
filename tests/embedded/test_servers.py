"""The servers that come in wheels do what the rest stands on."""

from __future__ import annotations

import subprocess
from pathlib import Path

import asyncpg
import pytest
import redis
from celery import Celery
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from psql import psql
from tocsin.broker import redis_url
from tocsin.embedded.postgres import DURABLE, Postgres
from tocsin.embedded.process import running


@pytest.fixture
def home(tmp_home: Path) -> Postgres:
    return Postgres(tmp_home / "database", tmp_home / "run", DURABLE)


def test_files_that_were_half_made_are_made_anew(home: Postgres, tmp_home: Path) -> None:
    (tmp_home / "database.new").mkdir()
    (tmp_home / "database.new" / "PG_VERSION").write_text("18")
    home.prepare(tmp_home / "log")
    with running(home, tmp_home / "log"):
        assert psql(home, "postgres", "SELECT 1") == "1\n"
    assert not (tmp_home / "database.new").exists()


def test_promises_are_on_the_disk_before_they_are_made(home: Postgres, tmp_home: Path) -> None:
    home.prepare(tmp_home / "log")
    with running(home, tmp_home / "log"):
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            assert psql(home, "postgres", f"SHOW {setting}") == "on\n"


def test_a_number_that_another_program_bears_since_a_reboot_is_no_hindrance(home: Postgres, tmp_home: Path) -> None:
    home.prepare(tmp_home / "log")
    with subprocess.Popen(["sleep", "60"]) as stranger:
        (home.directory / "postmaster.pid").write_text(f"{stranger.pid}\n{home.directory}\n1\n5432\n\n\n\nready\n")
        (home.sockets / ".s.PGSQL.5432.lock").write_text(f"{stranger.pid}\n{home.directory}\n1\n5432\n\n")
        home.prepare(tmp_home / "log")
        with running(home, tmp_home / "log"):
            assert psql(home, "postgres", "SELECT 1") == "1\n"
        assert stranger.poll() is None
        stranger.kill()


def test_a_server_that_was_killed_recovers_what_it_promised(home: Postgres, tmp_home: Path) -> None:
    home.prepare(tmp_home / "log")
    with running(home, tmp_home / "log") as server:
        psql(home, "postgres", "CREATE TABLE kept AS SELECT 7 AS number")
        server.kill()
        server.wait()
    home.prepare(tmp_home / "log")
    with running(home, tmp_home / "log"):
        assert psql(home, "postgres", "SELECT number FROM kept") == "7\n"


async def test_each_test_has_a_migrated_database(engine: AsyncEngine, database_url: str) -> None:
    async with engine.connect() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM subscriber"))).scalar() == 0
    bare = await asyncpg.connect(database_url)
    assert await bare.fetchval("SHOW listen_addresses") == ""
    await bare.close()


def test_the_broker_speaks_to_celery_and_to_redis(broker_url: str) -> None:
    with Celery("test", broker=broker_url).connection_for_write() as connection:
        connection.ensure_connection(max_retries=1)
    with redis.Redis.from_url(redis_url(broker_url)) as client:
        assert client.set("key", "value")
