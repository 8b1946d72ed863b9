"""Locks in the database, by which a process is stopped at a chosen statement without touching its code."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import asyncpg

from faults.judge import ask


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
