"""What the practice networks were asked to post: a table in the outbox that a judge can read while it grows."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS social_request (
  id INTEGER PRIMARY KEY,
  received_at REAL NOT NULL,     -- seconds since 1970
  network TEXT NOT NULL,         -- x, mastodon, bluesky
  account TEXT NOT NULL,         -- its name, without the network's domain
  post TEXT NOT NULL,            -- the name that the network gave it, '' where it posted nothing
  reply_to TEXT NOT NULL,        -- the name of another post, '' where it begins a thread
  key TEXT NOT NULL,             -- Idempotency-Key or record key, '' on X
  text TEXT NOT NULL,
  link TEXT NOT NULL,            -- what the network makes a link of
  answer TEXT NOT NULL,          -- the status, or what happened instead
  headers TEXT NOT NULL,
  body BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS social_request_post ON social_request (network, post) WHERE post <> '';
"""
_LISTED = "id, received_at, network, account, post, reply_to, key, text, link, answer"
_SECRET_HEADERS = {"authorization"}


@dataclass(frozen=True, slots=True)
class Asked:
    """One request to post; `post` is "" where nothing was posted."""

    id: int
    received_at: datetime
    network: str
    account: str
    post: str
    reply_to: str
    key: str
    text: str
    link: str
    answer: str


@dataclass(frozen=True, slots=True)
class Opened:
    asked: Asked
    headers: str
    body: str


@dataclass(frozen=True, slots=True)
class New:
    """A request as it came in."""

    network: str
    account: str
    text: str
    reply_to: str
    key: str
    link: str
    headers: Mapping[str, str]
    body: bytes


class Posts:
    """The writer: one per file. What it was given is committed when `keep` returns."""

    def __init__(self, outbox: Path) -> None:
        outbox.parent.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(outbox, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.execute("PRAGMA busy_timeout = 5000")
        self._database.executescript(_SCHEMA)

    def keep(self, new: New, answer: str, post: str = "") -> None:
        """Store one request, what it was answered, and the name of the post that came of it."""
        headers = "\n".join(
            f"{name}: {'…' if name.lower() in _SECRET_HEADERS else value}" for name, value in new.headers.items()
        )
        self._database.execute(
            """INSERT INTO social_request
               (received_at, network, account, post, reply_to, key, text, link, answer, headers, body)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
            (time.time(), new.network, new.account, post, new.reply_to, new.key, new.text, new.link, answer, headers,
             new.body),
        )  # fmt: skip

    def next_number(self) -> int:
        """Return the number that the next request gets."""
        return 1 + int(self._database.execute("SELECT coalesce(max(id), 0) FROM social_request").fetchone()[0])

    def tries(self, new: New) -> int:
        """Return how often this account was asked to post this text before."""
        return self._count("account = ? AND network = ? AND text = ?", new.account, new.network, new.text)

    def has_text(self, new: New) -> bool:
        """Tell whether the account has posted this very text."""
        return (
            self._count("account = ? AND network = ? AND text = ? AND post <> ''", new.account, new.network, new.text)
            > 0
        )

    def post_of(self, network: str, account: str, key: str) -> str:
        """Return the name of the post that was made with a key, "" where there is none."""
        found = self._database.execute(
            "SELECT post FROM social_request WHERE network = ? AND account = ? AND key = ? AND post <> '' LIMIT 1",
            (network, account, key),
        ).fetchone()
        return str(found[0]) if found else ""

    def has_post(self, network: str, post: str) -> bool:
        return self._count("network = ? AND post = ?", network, post) > 0

    def made_since(self, network: str, account: str, at: float) -> int:
        """Return how many posts the account made since `at`."""
        return self._count("network = ? AND account = ? AND post <> '' AND received_at >= ?", network, account, at)

    def close(self) -> None:
        self._database.close()

    def _count(self, condition: str, *values: object) -> int:
        found = self._database.execute(f"SELECT count(*) FROM social_request WHERE {condition}", values)
        return int(found.fetchone()[0])


def find(outbox: Path, before: int | None = None, limit: int = 50) -> list[Asked]:
    """Return the newest requests, from below the id `before`."""
    statement = f"SELECT {_LISTED} FROM social_request WHERE ?1 IS NULL OR id < ?1 ORDER BY id DESC LIMIT ?2"
    return [_asked(row) for row in _rows(outbox, statement, (before, limit))]


def posted(outbox: Path, limit: int = 500) -> list[Asked]:
    """Return the newest posts, the oldest of them first."""
    statement = f"SELECT {_LISTED} FROM social_request WHERE post <> '' ORDER BY id DESC LIMIT ?"
    return [_asked(row) for row in reversed(_rows(outbox, statement, (limit,)))]


def read(outbox: Path, number: int) -> Opened | None:
    """Return one request in full, None where there is none of that number."""
    rows = _rows(outbox, f"SELECT {_LISTED}, headers, body FROM social_request WHERE id = ?", (number,))
    if not rows:
        return None
    *listed, headers, body = rows[0]
    return Opened(_asked(tuple(listed)), headers, bytes(body).decode("utf-8", "replace"))


def _rows(outbox: Path, statement: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
    if not outbox.exists():
        return []
    with closing(sqlite3.connect(f"{outbox.absolute().as_uri()}?mode=ro", uri=True)) as database:
        made = database.execute("SELECT count(*) FROM sqlite_master WHERE name = 'social_request'").fetchone()[0]
        return database.execute(statement, values).fetchall() if made else []


def _asked(row: tuple[Any, ...]) -> Asked:
    number, received_at, *texts = row
    return Asked(number, datetime.fromtimestamp(received_at, UTC), *texts)
