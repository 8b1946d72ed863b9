"""Locks in the database, by which a process is stopped at a chosen statement without touching its code."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import asyncpg

from faults.records import ask
from tocsin.domain.channel import ChannelName
from tocsin.store.engine import PAUSE_LOCK, Connection


@contextmanager
def locked(home: Path, statement: str) -> Generator[None]:
    """Hold what `statement` locks for as long as the block lasts."""
    with asyncio.Runner() as runner:
        connection = runner.run(asyncpg.connect((home / "database.url").read_text().strip()))
        runner.run(connection.execute("BEGIN"))
        runner.run(connection.execute(statement))
        try:
            yield
        finally:
            runner.run(connection.close())


def waiting_for_locks(home: Path) -> int:
    """Return how many connections wait for one."""
    found = ask(home, "SELECT count(*) AS n FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    number: int = found[0]["n"]
    return number


def shift_clock(home: Path, seconds: float) -> bool:
    """Shift the database's clock where no attempt is under way, whose lease would be over by that; return whether."""
    with asyncio.Runner() as runner:
        connection = runner.run(asyncpg.connect((home / "database.url").read_text().strip()))
        try:
            return runner.run(_shift(connection, seconds))
        finally:
            runner.run(connection.close())


async def _shift(connection: Connection, seconds: float) -> bool:
    async with connection.transaction():
        # Whoever pauses a channel takes this lock: nobody begins an attempt meanwhile.
        for channel in ChannelName:
            await connection.execute("SELECT pg_advisory_xact_lock($1, hashtext($2))", PAUSE_LOCK, channel)
        if await connection.fetchval("SELECT EXISTS (SELECT FROM attempt WHERE finished_at IS NULL)"):
            return False
        await connection.execute(f"UPDATE clock SET shift = shift + interval '{seconds} s'")
        return True
