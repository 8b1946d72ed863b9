"""Components and subscribers to look at."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncEngine


async def sample(engine: AsyncEngine, n: int) -> int:
    del engine, n
    return 0
