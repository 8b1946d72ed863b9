"""Says whether this installation can do its work, and names what cannot."""

from __future__ import annotations

import asyncio
from typing import Final, NamedTuple

from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine

from tocsin.broker import redis_url
from tocsin.store import health as store
from tocsin.store.engine import begin

_DATABASE_SECONDS: Final = 2.0
_BROKER_SECONDS: Final = 0.5


class Check(NamedTuple):
    """`needed`: without it nothing can be taken in."""

    name: str
    ok: bool
    detail: str
    needed: bool


async def check_health(engine: AsyncEngine, broker_url: str) -> list[Check]:
    """Look at everything at once; takes at most two seconds."""
    return list(await asyncio.gather(check_database(engine), check_broker(broker_url)))


async def check_database(engine: AsyncEngine) -> Check:
    try:
        async with asyncio.timeout(_DATABASE_SECONDS), begin(engine) as connection:
            there = await store.schema(connection)
    except (DBAPIError, PoolTimeout, OSError, TimeoutError) as error:
        return _database(f"does not answer: {type(error).__name__}. See TOCSIN_DATABASE_URL and the server's log.")
    wanted = store.newest_schema()
    if there != wanted:
        return _database(f"has the schema {there or 'of nobody'}, and {wanted} is needed. Run `tocsin migrate`.")
    return Check("database", ok=True, detail="answers, and has the newest schema", needed=True)


async def check_broker(broker_url: str) -> Check:
    if not broker_url.startswith(("redis://", "rediss://", "redis+socket://")):
        return Check("broker", ok=True, detail="is no Redis: not looked at", needed=False)
    client = Redis.from_url(redis_url(broker_url), socket_timeout=_BROKER_SECONDS)
    try:
        async with asyncio.timeout(_BROKER_SECONDS):
            await client.get("tocsin:ping")  # answered like PING, and typed
    except (RedisError, OSError, TimeoutError) as error:
        detail = f"does not answer: {type(error).__name__}. Updates are taken in, and sweepers deliver them."
        return Check("broker", ok=False, detail=detail, needed=False)
    finally:
        await client.aclose()
    return Check("broker", ok=True, detail="answers", needed=False)


def _database(detail: str) -> Check:
    return Check("database", ok=False, detail=detail, needed=True)
