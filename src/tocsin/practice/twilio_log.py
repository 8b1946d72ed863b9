"""The texts that the look-alikes of carriers were asked to send: a table in the outbox that a judge can read."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS sms_text (
  id INTEGER PRIMARY KEY,
  received_at REAL NOT NULL,     -- seconds since 1970
  sid TEXT NOT NULL,             -- the name it was given, '' where it was not taken
  sender TEXT NOT NULL,
  recipient TEXT NOT NULL,
  body TEXT NOT NULL,
  segments INTEGER NOT NULL,
  validity INTEGER,              -- seconds that it is worth delivering for
  callback TEXT NOT NULL,        -- where reports go
  answer TEXT NOT NULL,          -- what was answered
  status TEXT NOT NULL,          -- as last reported
  due TEXT NOT NULL,             -- the report or reply that comes next, '' for none
  fields TEXT NOT NULL,          -- the request, as JSON
  carrier TEXT NOT NULL DEFAULT 'twilio',
  reference TEXT NOT NULL DEFAULT ''  -- what we called it
);
CREATE INDEX IF NOT EXISTS sms_text_due ON sms_text (id) WHERE due <> '';
CREATE INDEX IF NOT EXISTS sms_text_recipient ON sms_text (recipient, id);
"""
_LATER = (  # columns that an outbox of an earlier version lacks
    "ALTER TABLE sms_text ADD COLUMN carrier TEXT NOT NULL DEFAULT 'twilio'",
    "ALTER TABLE sms_text ADD COLUMN reference TEXT NOT NULL DEFAULT ''",
)
_LISTED = "id, received_at, sid, sender, recipient, body, segments, validity, callback, answer, status, due, reference"


@dataclass(frozen=True, slots=True)
class Text:
    """One text; `sid` is "" where it was not taken."""

    id: int
    received_at: datetime
    sid: str
    sender: str
    recipient: str
    body: str
    segments: int
    validity: int | None
    callback: str
    answer: str
    status: str
    due: str
    reference: str


@dataclass(frozen=True, slots=True)
class New:
    """A text as it was asked for."""

    received_at: float
    sid: str
    sender: str
    recipient: str
    body: str
    segments: int
    validity: int | None
    callback: str
    answer: str
    due: str
    fields: str
    reference: str = ""


class Texts:
    """The writer for one `carrier`. What it was given is committed when `keep` returns."""

    def __init__(self, outbox: Path, carrier: str = "twilio") -> None:
        self._carrier = carrier
        outbox.parent.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(outbox, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.executescript(_SCHEMA)
        there = {row[1] for row in self._database.execute("PRAGMA table_info(sms_text)")}
        for column, statement in zip(("carrier", "reference"), _LATER, strict=True):
            if column not in there:
                self._database.execute(statement)

    def keep(self, text: New) -> None:
        self._database.execute(
            """INSERT INTO sms_text (received_at, sid, sender, recipient, body, segments, validity, callback, answer,
               status, due, fields, carrier, reference) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
            (
                text.received_at,
                text.sid,
                text.sender,
                text.recipient,
                text.body,
                text.segments,
                text.validity,
                text.callback,
                text.answer,
                "queued" if text.sid else "",
                text.due,
                text.fields,
                self._carrier,
                text.reference,
            ),
        )

    def refused(self, recipient: str, field: str, value: str) -> int:
        """Return how often a text was refused; the request's `field` tells it from others to the same number."""
        found = self._database.execute(
            """SELECT count(*) FROM sms_text WHERE recipient = ? AND carrier = ? AND sid = ''
               AND coalesce(json_extract(fields, '$."' || ? || '"'), '') = ?""",
            (recipient, self._carrier, field, value),
        )
        return int(found.fetchone()[0])

    def due(self) -> list[Text]:
        """Return the texts of which something is still to be reported, the oldest first."""
        rows = self._database.execute(
            f"SELECT {_LISTED} FROM sms_text WHERE due <> '' AND carrier = ? ORDER BY id LIMIT 200", (self._carrier,)
        )
        return [_text(row) for row in rows]

    def taken(self, recipient: str, limit: int, offset: int = 0) -> list[Text]:
        """Return the texts to a number that were taken, the newest first, but for the first `offset`."""
        rows = self._database.execute(
            f"""SELECT {_LISTED} FROM sms_text WHERE recipient = ? AND carrier = ? AND sid <> ''
                ORDER BY id DESC LIMIT ? OFFSET ?""",
            (recipient, self._carrier, limit, offset),
        )
        return [_text(row) for row in rows]

    def reported(self, text: Text, status: str, due: str) -> None:
        self._database.execute("UPDATE sms_text SET status = ?, due = ? WHERE id = ?", (status, due, text.id))

    def close(self) -> None:
        self._database.close()


@dataclass(frozen=True, slots=True)
class Phone:
    """One number that was texted: how often, and the last of it."""

    number: str
    texts: int
    last: Text


def phones(outbox: Path, limit: int = 100) -> list[Phone]:
    """Return the numbers that were texted last."""
    rows = _rows(
        outbox,
        f"""SELECT {_LISTED}, n FROM sms_text JOIN
            (SELECT max(id) AS newest, count(*) AS n FROM sms_text GROUP BY recipient ORDER BY newest DESC LIMIT ?)
            ON id = newest ORDER BY id DESC""",
        (limit,),
    )
    return [Phone(row[4], row[-1], _text(row[:-1])) for row in rows]


def thread(outbox: Path, number: str, limit: int = 50) -> list[Text]:
    """Return what one number was texted last, in the order of a phone: the newest at the bottom."""
    rows = _rows(
        outbox, f"SELECT {_LISTED} FROM sms_text WHERE recipient = ? ORDER BY id DESC LIMIT ?", (number, limit)
    )
    return [_text(row) for row in reversed(rows)]


def _rows(outbox: Path, statement: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
    if not outbox.exists():
        return []
    with closing(sqlite3.connect(f"{outbox.absolute().as_uri()}?mode=ro", uri=True)) as database:
        made = database.execute("SELECT count(*) FROM sqlite_master WHERE name = 'sms_text'").fetchone()[0]
        return database.execute(statement, values).fetchall() if made else []


def _text(row: tuple[Any, ...]) -> Text:
    number, received_at, *rest = row
    return Text(number, datetime.fromtimestamp(received_at, UTC), *rest)
