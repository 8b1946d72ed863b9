"""How many requests a key may make in a minute, counted for all web processes together in the broker's server.

A broker that doesn't answer must not slow the intake: after 0.3 s this process counts for itself, and asks again only
after some seconds.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

import structlog
from limits.aio.storage import MemoryStorage, RedisStorage, Storage
from redis.asyncio import ConnectionPool
from redis.exceptions import RedisError

from tocsin.broker import redis_url
from tocsin.services.keys import Key
from tocsin.web.errors import Problem

log = structlog.get_logger()

_PATIENCE_SECONDS: Final = 0.3
_AVOID_SECONDS: Final = 10.0
_WINDOW: Final = 60


class Quota:
    """Counts requests by key and clock minute."""

    def __init__(self, broker_url: str, per_minute: int) -> None:
        self._per_minute = per_minute
        self._alone: Storage = MemoryStorage()
        self._together: Storage | None = None
        self._pool: ConnectionPool | None = None
        if broker_url.startswith(("redis://", "rediss://", "redis+socket://")):
            url = redis_url(broker_url)
            self._pool = ConnectionPool.from_url(url)
            pool: dict[str, Any] = {"connection_pool": self._pool}
            self._together = RedisStorage(
                f"async+{url.replace('unix://', 'redis+unix://')}",
                implementation="redispy",
                key_prefix="tocsin:quota",
                **pool,
            )
        self._avoid_until = 0.0

    async def spend(self, key: Key) -> dict[str, str]:
        """Count one request; return the headers that show what is left, raise a 429 where nothing is."""
        limit = key.requests_per_minute or self._per_minute
        minute, passed = divmod(int(time.time()), _WINDOW)
        seconds = _WINDOW - passed
        left = limit - await self._count(f"{key.id}:{minute}")
        headers = {
            "RateLimit-Policy": f'"key";q={limit};w={_WINDOW}',
            "RateLimit": f'"key";r={max(left, 0)};t={seconds}',
        }
        if left < 0:
            raise Problem(
                429,
                f"This key may make {limit} requests a minute. Wait {seconds} s, then go on.",
                headers=headers | {"Retry-After": str(seconds)},
            )
        return headers

    async def close(self) -> None:
        if self._pool is not None:
            await self._pool.aclose()

    async def _count(self, window: str) -> int:
        if self._together is not None and time.monotonic() >= self._avoid_until:
            try:
                return await asyncio.wait_for(self._together.incr(window, _WINDOW), _PATIENCE_SECONDS)
            except (TimeoutError, OSError, RedisError) as error:
                self._avoid_until = time.monotonic() + _AVOID_SECONDS
                log.warning("quota.alone", error=str(error), seconds=_AVOID_SECONDS)
        return await self._alone.incr(window, _WINDOW)
