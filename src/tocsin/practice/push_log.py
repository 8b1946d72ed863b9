"""The messages that the practice push service was sent: a table in the outbox that a judge can read while it grows."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS push_message (
  id INTEGER PRIMARY KEY,
  received_at REAL NOT NULL,     -- seconds since 1970
  browser TEXT NOT NULL,         -- the name: /push/<name>
  answer TEXT NOT NULL,          -- the status, or what happened instead
  kept INTEGER NOT NULL,         -- whether the service took it
  vapid TEXT NOT NULL,           -- 'right', or what is wrong with the signature
  topic TEXT NOT NULL,
  urgency TEXT NOT NULL,
  ttl TEXT NOT NULL,
  size INTEGER NOT NULL,         -- bytes, sealed
  opened TEXT NOT NULL           -- the JSON that was in it, '' where this browser could not open it
);
CREATE INDEX IF NOT EXISTS push_message_browser ON push_message (browser, id);
"""
_COLUMNS = "received_at, browser, answer, kept, vapid, topic, urgency, ttl, size, opened"


@dataclass(frozen=True, slots=True)
class New:
    """A message as it came in."""

    received_at: float
    browser: str
    answer: str
    kept: bool
    vapid: str
    topic: str
    urgency: str
    ttl: str
    size: int
    opened: str


@dataclass(frozen=True, slots=True)
class Pushed:
    """One message."""

    id: int
    received_at: datetime
    browser: str
    answer: str
    kept: bool
    vapid: str
    topic: str
    urgency: str
    ttl: str
    size: int
    opened: str


class Pushes:
    """The writer: one per file. What it was given is committed when `keep` returns."""

    def __init__(self, outbox: Path) -> None:
        outbox.parent.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(outbox, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.executescript(_SCHEMA)

    def keep(self, message: New) -> None:
        self._database.execute(
            f"INSERT INTO push_message ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", astuple(message)
        )

    def tries(self, browser: str) -> int:
        """Return how many messages have come to this browser, taken or not."""
        found = self._database.execute("SELECT count(*) FROM push_message WHERE browser = ?", (browser,))
        return int(found.fetchone()[0])

    def close(self) -> None:
        self._database.close()


def browsers(outbox: Path, limit: int = 50) -> list[Pushed]:
    """Return the last message to each browser, the newest first."""
    return _find(
        outbox,
        f"""SELECT id, {_COLUMNS} FROM push_message
            WHERE id IN (SELECT max(id) FROM push_message GROUP BY browser) ORDER BY id DESC LIMIT ?""",
        (limit,),
    )


def pushed(outbox: Path, browser: str, limit: int = 50) -> list[Pushed]:
    """Return the messages to one browser, the newest first."""
    return _find(
        outbox,
        f"SELECT id, {_COLUMNS} FROM push_message WHERE browser = ? ORDER BY id DESC LIMIT ?",
        (browser, limit),
    )


def _find(outbox: Path, statement: str, values: tuple[object, ...]) -> list[Pushed]:
    if not outbox.exists():
        return []
    with closing(sqlite3.connect(f"{outbox.absolute().as_uri()}?mode=ro", uri=True)) as database:
        made = database.execute("SELECT count(*) FROM sqlite_master WHERE name = 'push_message'").fetchone()[0]
        return [_pushed(row) for row in database.execute(statement, values)] if made else []


def _pushed(row: tuple[Any, ...]) -> Pushed:
    number, received_at, browser, answer, kept, *rest = row
    return Pushed(number, datetime.fromtimestamp(received_at, UTC), browser, answer, bool(kept), *rest)
