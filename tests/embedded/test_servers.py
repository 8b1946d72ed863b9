"""The servers that come in wheels do what the rest stands on."""

from __future__ import annotations

import asyncpg
import redis
from celery import Celery
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from tocsin.broker import redis_url


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
