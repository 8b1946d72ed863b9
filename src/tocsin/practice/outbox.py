"""What the practice server took: a SQLite file that a judge can read while it grows.

A message is committed before its 250 goes out. The file survives the death of the process at any moment, not that of
the machine (synchronous=OFF): nobody practises for that.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
import time
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from functools import lru_cache
from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS message (
  id INTEGER PRIMARY KEY,
  received_at REAL NOT NULL,     -- seconds since 1970
  sender TEXT NOT NULL,          -- of the envelope
  recipient TEXT NOT NULL,       -- of the envelope
  message_id TEXT NOT NULL,      -- without < and >
  subject TEXT NOT NULL,         -- as people read it
  report TEXT NOT NULL,          -- '', 'due' or 'sent': the delivery report that follows
  raw BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS message_report ON message (id) WHERE report = 'due';
"""
_INSERT = """
INSERT INTO message (received_at, sender, recipient, message_id, subject, report, raw) VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_MESSAGE_ID = re.compile(rb"^message-id:[ \t]*<?([^>\r\n]*)", re.IGNORECASE | re.MULTILINE)
_SUBJECT = re.compile(rb"^subject:[ \t]*((?:[^\r\n]|\r\n[ \t])*)", re.IGNORECASE | re.MULTILINE)
_LONGEST_HEADER = 8_192


def outbox_path(home: Path) -> Path:
    """Return where the practice server keeps what it took."""
    return home / "practice" / "outbox.sqlite"


@dataclass(frozen=True, slots=True)
class Due:
    """A message whose delivery report is still to be sent."""

    id: int
    sender: str
    recipient: str
    raw: bytes


@lru_cache(maxsize=1024)
def readable(subject: bytes) -> str:
    """Decode a header's value; in one blast all mails have the same."""
    value = subject.replace(b"\r\n", b"").decode("utf-8", "replace")
    try:
        return str(make_header(decode_header(value)))
    except (HeaderParseError, LookupError, UnicodeError):  # it is shown as it came
        return value


class Outbox:
    """The writer: one per file. Messages that come in the same turn of the loop share a commit."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(path, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.executescript(_SCHEMA)
        self._rows: list[tuple[float, str, str, str, str, str, bytes]] = []
        self._kept: asyncio.Future[None] | None = None

    async def keep(self, sender: str, recipients: list[str], raw: bytes, *, report: bool) -> None:
        """Store one message, once for each recipient; return when it is committed."""
        found = _MESSAGE_ID.search(raw, 0, _LONGEST_HEADER)
        message_id = found[1].decode("utf-8", "replace").strip() if found else ""
        written = _SUBJECT.search(raw, 0, _LONGEST_HEADER)
        subject = readable(written[1]) if written else ""
        now = time.time()
        self._rows += [(now, sender, to, message_id, subject, "due" if report else "", raw) for to in recipients]
        if self._kept is None:
            loop = asyncio.get_running_loop()
            self._kept = loop.create_future()
            loop.call_soon(self._commit)
        await asyncio.shield(self._kept)

    def due(self) -> list[Due]:
        """Return the messages whose delivery report was never sent, the oldest first."""
        found = self._database.execute(
            "SELECT id, sender, recipient, raw FROM message WHERE report = 'due' ORDER BY id LIMIT 100"
        )
        return [Due(*row) for row in found]

    def mark_sent(self, due: Due) -> None:
        self._database.execute("UPDATE message SET report = 'sent' WHERE id = ?", (due.id,))

    def close(self) -> None:
        self._database.close()

    def _commit(self) -> None:
        rows, self._rows = self._rows, []
        kept, self._kept = self._kept, None
        assert kept is not None
        try:
            self._database.execute("BEGIN")
            self._database.executemany(_INSERT, rows)
            self._database.execute("COMMIT")
        except sqlite3.Error as error:  # a full disk: none of them was kept, and their senders hear so
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            kept.set_exception(error)
        else:
            kept.set_result(None)
