"""Connections to PostgreSQL: an engine for the ordinary paths, a bare asyncpg pool for the hot one."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeAlias, cast

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from sqlalchemy import URL, make_url, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

if TYPE_CHECKING:  # asyncpg's classes take their parameters in its stubs alone
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
else:
    Connection, Pool = asyncpg.Connection, asyncpg.Pool


# What a database that is away, restarts or is too slow looks like: the same may be tried again.
# An InternalClientError is what the driver says of a connection that broke amid a query and is given back.
DATABASE_TROUBLE = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)
# … save where it refuses what it was asked to write: a value, a constraint, a move that a trigger forbids.
REFUSED = (asyncpg.IntegrityConstraintViolationError, asyncpg.DataError, asyncpg.RaiseError)
# Held by claims together and by a pause alone, with the channel's name as its second number.
PAUSE_LOCK = 0x70C55


def make_engine(database_url: str, *, pool_size: int) -> AsyncEngine:
    """Return an engine for `postgresql://…`; connections are checked before use, so a restarted server is no error."""
    return create_async_engine(_with_driver(database_url), pool_size=pool_size, max_overflow=0, pool_pre_ping=True)


def may_pass(error: BaseException) -> bool:
    """Tell whether the same may be written later, or would be refused for ever."""
    return isinstance(error, DATABASE_TROUBLE) and not isinstance(error, REFUSED)


def in_short(error: BaseException) -> str:
    """Name an error by what the server says, without the values that were to be written: they may be an address."""
    said: str | None = getattr(error, "message", None)
    return type(error).__name__ if said is None else f"{type(error).__name__}: {said}"


async def make_pool(database_url: str, *, size: int, application: str, least: int = 1) -> Pool:
    """Return a pool of bare asyncpg connections whose queries time out after 30 s.

    `least` are opened at once: with 0 the database need not answer yet.
    """
    return await asyncpg.create_pool(
        database_url,
        min_size=least,
        max_size=size,
        command_timeout=30,
        init=_prepare,
        server_settings={"application_name": application, "jit": "off"},
    )


@asynccontextmanager
async def begin(engine: AsyncEngine) -> AsyncGenerator[AsyncConnection]:
    """Open one transaction: committed at the end, rolled back on any error."""
    async with engine.begin() as connection:
        yield connection


@asynccontextmanager
async def look(engine: AsyncEngine) -> AsyncGenerator[AsyncConnection]:
    """Open one transaction that sees one moment and can write nothing: PostgreSQL itself refuses whatever would."""
    async with engine.begin() as connection:
        await connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
        yield connection


async def bare(connection: AsyncConnection) -> Connection:
    """Return the driver's own connection, in the same transaction, for what the hot path's queries ask."""
    driver = (await connection.get_raw_connection()).driver_connection
    assert driver is not None, "a connection that is in use has a driver's"
    if not driver.is_in_transaction():
        await connection.execute(text("SELECT 1"))  # SQLAlchemy begins with its first statement
    return cast("Connection", driver)


def _with_driver(database_url: str) -> URL:
    return make_url(database_url).set(drivername="postgresql+asyncpg")


async def _prepare(connection: Connection) -> None:
    await connection.set_type_codec("jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog")
