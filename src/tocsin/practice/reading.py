"""Looking into the outbox: lists and single messages, for /practice. It never writes, and a missing file is empty."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from pathlib import Path

from tocsin.practice.outbox import readable

_LISTED = "id, received_at, sender, recipient, message_id, subject, report"
_MOST_NUMBER = 2**63 - 1
_MATCHES = "(recipient LIKE :like ESCAPE '!' OR subject LIKE :like ESCAPE '!' OR message_id LIKE :like ESCAPE '!')"


@dataclass(frozen=True, slots=True)
class Mail:
    """One message that the practice server took; `report` is '', 'due' or 'sent'."""

    id: int
    received_at: datetime
    sender: str
    recipient: str
    message_id: str
    subject: str
    report: str


@dataclass(frozen=True, slots=True)
class Found:
    """One page of a list, newest first; `before` is where the next one begins, None after the last."""

    mails: list[Mail]
    total: int
    before: int | None


@dataclass(frozen=True, slots=True)
class Opened:
    mail: Mail
    headers: list[tuple[str, str]]
    text: str
    html: str
    raw: bytes


def find(outbox: Path, search: str = "", before: int | None = None, limit: int = 50) -> Found:
    """Return the messages whose recipient, subject or Message-ID contains `search`, from below the id `before`."""
    escaped = search.replace("!", "!!").replace("%", "!%").replace("_", "!_")
    values = {"like": f"%{escaped}%", "before": before and min(before, _MOST_NUMBER), "limit": limit + 1}
    condition = _MATCHES if search else "true"
    # Messages are never deleted, so the highest id is their number.
    count = f"SELECT count(*) FROM message WHERE {_MATCHES}" if search else "SELECT coalesce(max(id), 0) FROM message"
    rows = f"SELECT {_LISTED} FROM message WHERE {condition} AND (:before IS NULL OR id < :before)"
    with _reading(outbox) as database:
        if database is None:
            return Found([], 0, None)
        total = database.execute(count, values).fetchone()[0]
        mails = [_mail(row) for row in database.execute(f"{rows} ORDER BY id DESC LIMIT :limit", values)]
    more = len(mails) > limit
    return Found(mails[:limit], total, mails[limit - 1].id if more else None)


def read(outbox: Path, number: int) -> Opened | None:
    """Return one message in full, None where there is none of that number."""
    with _reading(outbox) as database:
        if database is None or number > _MOST_NUMBER:
            return None
        row = database.execute(f"SELECT {_LISTED}, raw FROM message WHERE id = ?", (number,)).fetchone()
    if row is None:
        return None
    *listed, raw = row
    parsed = BytesParser(policy=compat32).parsebytes(raw)
    headers = [(name, readable(str(value).encode("utf-8", "replace"))) for name, value in parsed.items()]
    return Opened(_mail(tuple(listed)), headers, _part(parsed, "text/plain"), _part(parsed, "text/html"), raw)


@contextmanager
def _reading(outbox: Path) -> Generator[sqlite3.Connection | None]:
    if not outbox.exists():
        yield None
        return
    with closing(sqlite3.connect(f"{outbox.absolute().as_uri()}?mode=ro", uri=True)) as database:
        database.execute("PRAGMA query_only = ON")
        # The server makes the table a moment after the file.
        made = database.execute("SELECT count(*) FROM sqlite_master WHERE name = 'message'").fetchone()[0]
        yield database if made else None


def _mail(row: tuple[int, float, str, str, str, str, str]) -> Mail:
    number, received_at, *rest = row
    return Mail(number, datetime.fromtimestamp(received_at, UTC), *rest)


def _part(mail: Message, kind: str) -> str:
    for part in mail.walk():
        if part.get_content_type() == kind:
            content = part.get_payload(decode=True)
            return content.decode("utf-8", "replace") if isinstance(content, bytes) else ""
    return ""
