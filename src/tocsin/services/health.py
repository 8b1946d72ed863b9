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
from tocsin.services.audit import in_words
from tocsin.services.canary import Canaries
from tocsin.services.canary import in_words as in_words_of
from tocsin.store import canaries as store_canaries
from tocsin.store import health as store
from tocsin.store.audit import REST, Finding
from tocsin.store.engine import begin

_DATABASE_SECONDS: Final = 2.0
_BROKER_SECONDS: Final = 0.5
_AUDIT_SECONDS: Final = 600.0  # it runs every minute


class Check(NamedTuple):
    """`needed`: without it nothing can be taken in."""

    name: str
    ok: bool
    detail: str
    needed: bool


async def check_health(engine: AsyncEngine, broker_url: str, canaries: Canaries) -> list[Check]:
    """Look at everything at once, for whoever asks; takes at most two seconds."""
    database, broker = check_database(engine), check_broker(broker_url)
    audit = check_audit(engine, in_public=True)
    flown = check_canaries(engine, canaries, in_public=True)
    return list(await asyncio.gather(database, broker, audit, flown))


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


async def check_audit(engine: AsyncEngine, *, in_public: bool = False) -> Check:
    """Say what the last audit of the ledger found; a database that does not answer is not its matter.

    `in_public` leaves out where.
    """
    try:
        async with asyncio.timeout(_DATABASE_SECONDS), begin(engine) as connection:
            found = await store.audited(connection)
    except (DBAPIError, PoolTimeout, OSError, TimeoutError):
        return Check("audit", ok=True, detail="could not be read: see the database", needed=False)
    found_broken = [Finding(one.invariant, one.violations, one.example) for one in found]
    broken = in_words(found_broken, in_public=in_public)
    if broken:
        return Check("audit", ok=False, detail=f"found broken promises. {broken}", needed=False)
    if not found:
        return Check("audit", ok=True, detail="has not run yet: the sweeper looks once a minute", needed=False)
    age = max(one.age for one in found)
    if age > max(_AUDIT_SECONDS, 2 * REST * sum(one.seconds for one in found)):
        detail = f"last came to its end {age / 60:.0f} minutes ago. See the log of the worker that sweeps."
        return Check("audit", ok=False, detail=detail, needed=False)
    return Check("audit", ok=True, detail=f"found {len(found)} promises kept", needed=False)


async def check_canaries(engine: AsyncEngine, canaries: Canaries, *, in_public: bool = False) -> Check:
    """Say which channel's canary is overdue: a warning, since pages and intake work without any provider.

    `in_public` leaves out what the provider answered, which often names the address.
    """
    if not canaries.addresses:
        return Check("canaries", ok=True, detail="are not set up: see [canary] in tocsin.toml", needed=False)
    try:
        async with asyncio.timeout(_DATABASE_SECONDS), begin(engine) as connection:
            flown = await store_canaries.flights(connection)
    except (DBAPIError, PoolTimeout, OSError, TimeoutError):
        return Check("canaries", ok=True, detail="could not be read: see the database", needed=False)
    flights = [one for one in flown if one.channel in canaries.addresses]
    late = [one for one in flights if one.is_overdue(canaries.every_seconds)]
    if late:
        detail = " ".join(in_words_of(one, in_public=in_public) for one in late)
        return Check("canaries", ok=False, detail=detail, needed=False)
    told = [f"{one.channel} in {one.seconds:.1f} s" for one in flights if one.seconds is not None]
    return Check("canaries", ok=True, detail=", ".join(told) or "have not flown yet", needed=False)


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
