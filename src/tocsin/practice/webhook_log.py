"""The calls that the practice receiver took: a table in the outbox that a judge can read while it grows."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS webhook_call (
  id INTEGER PRIMARY KEY,
  received_at REAL NOT NULL,     -- seconds since 1970
  name TEXT NOT NULL,            -- of the receiver: /webhook/<name>
  webhook_id TEXT NOT NULL,
  type TEXT NOT NULL,            -- as the body says
  about TEXT NOT NULL,           -- the incident's name
  signature TEXT NOT NULL,       -- 'right', 'wrong', or 'unchecked' where no secret was told
  answer TEXT NOT NULL,          -- the status, or what happened instead
  kept INTEGER NOT NULL,         -- whether the receiver took it
  headers TEXT NOT NULL,
  body BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS webhook_secret (name TEXT PRIMARY KEY, secret TEXT NOT NULL);
"""
_LISTED = "id, received_at, name, webhook_id, type, about, signature, answer, kept"


@dataclass(frozen=True, slots=True)
class Call:
    """One call that came in."""

    id: int
    received_at: datetime
    name: str
    webhook_id: str
    type: str
    about: str
    signature: str
    answer: str
    kept: bool


@dataclass(frozen=True, slots=True)
class Opened:
    call: Call
    headers: str
    body: str


class Calls:
    """The writer: one per file. What it was given is committed when `keep` returns."""

    def __init__(self, outbox: Path) -> None:
        outbox.parent.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(outbox, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.executescript(_SCHEMA)

    def keep(
        self,
        now: float,
        name: str,
        webhook_id: str,
        told: tuple[str, str],
        outcome: tuple[str, str, bool],
        headers: str,
        body: bytes,
    ) -> None:
        """Store one call; `told` are type and incident, `outcome` signature, answer, and whether it was taken."""
        self._database.execute(
            """INSERT INTO webhook_call
               (received_at, name, webhook_id, type, about, signature, answer, kept, headers, body)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
            (now, name, webhook_id, *told, *outcome, headers, body),
        )

    def tries(self, name: str, webhook_id: str) -> int:
        """Return how often this call has come to this receiver."""
        found = self._database.execute(
            "SELECT count(*) FROM webhook_call WHERE name = ? AND webhook_id = ?", (name, webhook_id)
        )
        return int(found.fetchone()[0])

    def secret(self, name: str) -> str:
        """Return the secret that `name` was told, "" where none."""
        found = self._database.execute("SELECT secret FROM webhook_secret WHERE name = ?", (name,)).fetchone()
        return str(found[0]) if found else ""

    def tell_secret(self, name: str, secret: str) -> None:
        self._database.execute("INSERT OR REPLACE INTO webhook_secret VALUES (?, ?)", (name, secret))

    def close(self) -> None:
        self._database.close()


def find(outbox: Path, before: int | None = None, limit: int = 50) -> list[Call]:
    """Return the newest calls, from below the id `before`."""
    return [
        _call(row)
        for row in _rows(
            outbox,
            f"SELECT {_LISTED} FROM webhook_call WHERE ?1 IS NULL OR id < ?1 ORDER BY id DESC LIMIT ?2",
            (before, limit),
        )
    ]


def read(outbox: Path, number: int) -> Opened | None:
    """Return one call in full, None where there is none of that number."""
    rows = _rows(outbox, f"SELECT {_LISTED}, headers, body FROM webhook_call WHERE id = ?", (number,))
    if not rows:
        return None
    *listed, headers, body = rows[0]
    return Opened(_call(tuple(listed)), headers, bytes(body).decode("utf-8", "replace"))


def _rows(outbox: Path, statement: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
    if not outbox.exists():
        return []
    with closing(sqlite3.connect(f"{outbox.absolute().as_uri()}?mode=ro", uri=True)) as database:
        made = database.execute("SELECT count(*) FROM sqlite_master WHERE name = 'webhook_call'").fetchone()[0]
        return database.execute(statement, values).fetchall() if made else []


def _call(row: tuple[Any, ...]) -> Call:
    number, received_at, name, webhook_id, kind, about, signature, answer, kept = row
    at = datetime.fromtimestamp(received_at, UTC)
    return Call(number, at, name, webhook_id, kind, about, signature, answer, kept=bool(kept))
