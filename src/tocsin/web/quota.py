"""How many requests a key may make in a minute, counted for all web processes together in the broker's server.

Where a key may make many, a process fetches numbers for a while ahead, a thousandth of the minute's at a time: no two
requests have the same number, so the limit holds, and not every request costs a question. What many keys need at once,
as at the beginning of a minute, is asked in one.

A broker that doesn't answer must not slow the intake: after 0.3 s this process counts for itself, and asks again only
after some seconds.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

import structlog
from limits.aio.storage import MemoryStorage
from redis.asyncio import Redis
from redis.exceptions import RedisError

from tocsin.broker import redis_url
from tocsin.services.keys import Key
from tocsin.web.errors import Problem
from tocsin.web.together import Together

log = structlog.get_logger()

_PATIENCE_SECONDS: Final = 0.3
_AVOID_SECONDS: Final = 10.0
_WINDOW: Final = 60
_MOST_AHEAD: Final = 100
_MOST_WAITING: Final = 10_000
_COUNT: Final = """
local last = {}
for i, window in ipairs(KEYS) do
  last[i] = redis.call('INCRBY', window, ARGV[i + 1])
  redis.call('EXPIRE', window, ARGV[1])
end
return last
"""


class Quota:
    """Counts requests by key and clock minute."""

    def __init__(self, broker_url: str, per_minute: int) -> None:
        self._per_minute = per_minute
        self._alone = MemoryStorage()
        self._server: Redis | None = None
        if broker_url.startswith(("redis://", "rediss://", "redis+socket://")):
            self._server = Redis.from_url(redis_url(broker_url))
            self._count_there = self._server.register_script(_COUNT)
        self._count = Together(self._count_all, _MOST_WAITING)
        self._avoid_until = 0.0
        self._ahead: dict[int, tuple[int, Iterator[int]]] = {}  # key → the minute, and numbers that are ours

    async def spend(self, key: Key) -> dict[str, str]:
        """Count one request; return the headers that show what is left, raise a 429 where nothing is."""
        limit = key.requests_per_minute or self._per_minute
        minute, passed = divmod(int(time.time()), _WINDOW)
        seconds = _WINDOW - passed
        left = limit - await self._number(key.id, minute, min(_MOST_AHEAD, max(1, limit // 1000)))
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
        if self._server is not None:
            await self._server.aclose()

    async def _number(self, key: int, minute: int, at_once: int) -> int:
        """Return this request's number among the key's in this minute, from 1; fetch `at_once` where none is left."""
        fetched, numbers = self._ahead.get(key, (minute, iter(())))
        if fetched == minute and (number := next(numbers, None)) is not None:
            return number
        [last] = await self._count((f"tocsin:quota:{key}:{minute}", at_once))
        ours = iter(range(last - at_once + 1, last + 1))
        number = next(ours)
        _, others = self._ahead.get(key, (minute, iter(())))  # another request may have fetched some meanwhile
        self._ahead[key] = (minute, chain(ours, others) if fetched == minute else ours)
        return number

    async def _count_all(self, asked: Sequence[tuple[str, int]]) -> Sequence[int]:
        """Add to each window what is asked of it, and return what it has come to."""
        if self._server is not None and time.monotonic() >= self._avoid_until:
            windows, amounts = zip(*asked, strict=True)
            try:
                counting = self._count_there(windows, (_WINDOW, *amounts))
                return await asyncio.wait_for(counting, _PATIENCE_SECONDS)
            except (TimeoutError, OSError, RedisError) as error:
                self._avoid_until = time.monotonic() + _AVOID_SECONDS
                log.warning("quota.alone", error=str(error), seconds=_AVOID_SECONDS)
        return [await self._alone.incr(window, _WINDOW, amount) for window, amount in asked]
