"""What a home has on record: its database, and the outbox in which the practice providers keep what they took."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import asyncpg

from tocsin.practice.outbox import outbox_path


def ask(home: Path, statement: str) -> list[Mapping[str, Any]]:
    """Ask the home's database."""
    return asyncio.run(_ask(home, statement))


async def _ask(home: Path, statement: str) -> list[Mapping[str, Any]]:
    connection = await asyncpg.connect((home / "database.url").read_text().strip())
    try:
        return [dict(row) for row in await connection.fetch(statement)]
    finally:
        await connection.close()


def outbox_of(home: Path) -> sqlite3.Connection:
    """Return what the practice providers took, to be read."""
    return sqlite3.connect(f"{outbox_path(home).as_uri()}?mode=ro", uri=True)
