"""What the chat look-alikes took and were asked: tables in the outbox that a judge can read while they grow."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS chat_post (
  id INTEGER PRIMARY KEY,
  received_at REAL NOT NULL,     -- seconds since 1970
  service TEXT NOT NULL,         -- slack, slack_webhook, teams
  channel TEXT NOT NULL,         -- "#incidents", or the last part of a webhook's path, or a workflow's id
  ts TEXT NOT NULL UNIQUE,       -- Slack's name of a post
  thread_ts TEXT NOT NULL,       -- '' where it begins
  broadcast INTEGER NOT NULL,
  message TEXT NOT NULL,         -- the sender's own names, from metadata: of the message,
  delivery TEXT NOT NULL,        -- and of the delivery
  text TEXT NOT NULL,
  content TEXT NOT NULL,         -- blocks or card, as JSON
  edits INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS chat_post_channel ON chat_post (service, channel, id);
CREATE TABLE IF NOT EXISTS chat_request (
  id INTEGER PRIMARY KEY,
  received_at REAL NOT NULL,
  method TEXT NOT NULL,          -- chat.postMessage, webhook, workflow …
  channel TEXT NOT NULL,
  answer TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS chat_request_channel ON chat_request (method, channel);
CREATE TABLE IF NOT EXISTS chat_channel (id TEXT PRIMARY KEY, name TEXT NOT NULL);
"""
_POST = "id, received_at, service, channel, ts, thread_ts, broadcast, message, delivery, text, content, edits"


@dataclass(frozen=True, slots=True)
class NewPost:
    """`content` is what is shown: Slack's blocks, or a card."""

    service: str
    channel: str
    text: str
    content: Any
    thread_ts: str = ""
    broadcast: bool = False
    message: str = ""
    delivery: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """One post as it stands."""

    id: int
    received_at: datetime
    service: str
    channel: str
    ts: str
    thread_ts: str
    broadcast: bool
    message: str
    delivery: str
    text: str
    content: Any
    edits: int


@dataclass(frozen=True, slots=True)
class Asked:
    """One request and what was answered."""

    id: int
    received_at: datetime
    method: str
    channel: str
    answer: str


class ChatLog:
    """The writer: one per file. What it was given is committed when a method returns."""

    def __init__(self, outbox: Path) -> None:
        outbox.parent.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(outbox, isolation_level=None, timeout=30)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.executescript(_SCHEMA)

    def close(self) -> None:
        self._database.close()

    def keep(self, post: NewPost) -> str:
        """Store one post and return its ts."""
        now = time.time()
        last = self._database.execute("SELECT coalesce(max(id), 0) FROM chat_post").fetchone()[0]
        ts = f"{now:.0f}.{last + 1:06d}"
        self._database.execute(
            f"INSERT INTO chat_post ({_POST}) VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
            (now, post.service, post.channel, ts, post.thread_ts, post.broadcast, post.message, post.delivery,
             post.text, json.dumps(post.content)),
        )  # fmt: skip
        return ts

    def edit(self, channel: str, ts: str, text: str, content: Any) -> bool:
        """Put new words into a post; return whether there is one."""
        changed = self._database.execute(
            "UPDATE chat_post SET text = ?, content = ?, edits = edits + 1 WHERE service = 'slack' AND channel = ? "
            "AND ts = ?",
            (text, json.dumps(content), channel, ts),
        )
        return changed.rowcount == 1

    def has(self, channel: str, ts: str) -> bool:
        """Tell whether a thread can go on from `ts`."""
        found = self._database.execute(
            "SELECT 1 FROM chat_post WHERE service = 'slack' AND channel = ? AND ts = ?", (channel, ts)
        )
        return found.fetchone() is not None

    def posts(self, channel: str, limit: int, thread_ts: str = "") -> list[Kept]:
        """Return the newest posts of one Slack channel, or of one thread in it."""
        condition = "thread_ts = ''" if not thread_ts else "(thread_ts = :ts OR ts = :ts)"
        rows = self._database.execute(
            f"SELECT {_POST} FROM chat_post WHERE service = 'slack' AND channel = :channel AND {condition} "
            "ORDER BY id DESC LIMIT :limit",
            {"channel": channel, "ts": thread_ts, "limit": limit},
        )
        return [_kept(row) for row in rows]

    def asked(self, method: str, channel: str, answer: str) -> None:
        self._database.execute(
            "INSERT INTO chat_request (received_at, method, channel, answer) VALUES (?, ?, ?, ?)",
            (time.time(), method, channel, answer),
        )

    def times(self, method: str, channel: str) -> int:
        """Return how often this has been asked of this channel."""
        found = self._database.execute(
            "SELECT count(*) FROM chat_request WHERE method = ? AND channel = ?", (method, channel)
        )
        return int(found.fetchone()[0])

    def id_of(self, name: str) -> str:
        """Return a channel's ID, the same for the same name."""
        number = "C" + hashlib.sha256(name.encode()).hexdigest()[:9].upper()
        self._database.execute("INSERT OR IGNORE INTO chat_channel VALUES (?, ?)", (number, name))
        return number

    def rooms(self) -> list[tuple[str, str]]:
        """Return every channel, its ID and its name."""
        return [
            (str(number), str(name)) for number, name in self._database.execute("SELECT id, name FROM chat_channel")
        ]

    def name_of(self, channel: str) -> str:
        """Return the name of a channel that may be given by its ID."""
        found = self._database.execute("SELECT name FROM chat_channel WHERE id = ?", (channel,)).fetchone()
        return str(found[0]) if found else channel


def find(outbox: Path, limit: int = 200) -> list[Kept]:
    """Return the newest posts."""
    return [_kept(row) for row in _rows(outbox, f"SELECT {_POST} FROM chat_post ORDER BY id DESC LIMIT ?", (limit,))]


def requests(outbox: Path, limit: int = 50) -> list[Asked]:
    """Return the newest requests."""
    rows = _rows(
        outbox, "SELECT id, received_at, method, channel, answer FROM chat_request ORDER BY id DESC LIMIT ?", (limit,)
    )
    return [Asked(row[0], datetime.fromtimestamp(row[1], UTC), *row[2:]) for row in rows]


def _rows(outbox: Path, statement: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
    if not outbox.exists():
        return []
    with closing(sqlite3.connect(f"{outbox.absolute().as_uri()}?mode=ro", uri=True)) as database:
        made = database.execute("SELECT count(*) FROM sqlite_master WHERE name = 'chat_channel'").fetchone()[0]
        return database.execute(statement, values).fetchall() if made else []


def _kept(row: tuple[Any, ...]) -> Kept:
    number, at, service, channel, ts, thread_ts, broadcast, message, delivery, text, content, edits = row
    return Kept(
        number, datetime.fromtimestamp(at, UTC), service, channel, ts, thread_ts, bool(broadcast), message, delivery,
        text, json.loads(content), edits,
    )  # fmt: skip
