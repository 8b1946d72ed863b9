"""All that the practice providers took, channel by channel and in one row of time, for the first page of /practice."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where one channel's messages are: `listed` selects id, time, who, about, outcome and whether it was taken."""

    name: str
    page: str
    table: str
    listed: str
    counted: str = "count(*)"
    message: str = ""  # the page of one message, `{id}` and `{who}` filled in; `page` where it has none

    def address(self, number: int, who: str) -> str:
        return (self.message or self.page).format(id=number, who=quote(who, safe=""))


SHELVES: Final = (
    Shelf(
        "E-mail",
        "/practice/mail",
        "message",
        "id, received_at, recipient, subject, 'taken', 1",
        counted="coalesce(max(id), 0)",  # messages are never deleted, and counting a hundred thousand takes a second
        message="/practice/{id}",
    ),
    Shelf(
        "SMS",
        "/practice/sms",
        "sms_text",
        "id, received_at, recipient, body, CASE WHEN status <> '' THEN status ELSE answer END, "
        "status IN ('queued', 'sent', 'delivered')",
        message="/practice/sms?number={who}",
    ),
    Shelf(
        "Chat",
        "/practice/chat",
        "chat_post",
        "id, received_at, CASE service WHEN 'teams' THEN 'Teams: ' ELSE 'Slack: ' END || channel, text, "
        "CASE WHEN edits THEN 'edited' ELSE 'taken' END, 1",
    ),
    Shelf(
        "Social",
        "/practice/social",
        "social_request",
        "id, received_at, CASE network WHEN 'x' THEN 'X' WHEN 'mastodon' THEN 'Mastodon' ELSE 'Bluesky' END || ': ' "
        "|| account, text, answer, post <> ''",
        message="/practice/social/{id}",
    ),
    Shelf(
        "Push",
        "/practice/push",
        "push_message",
        "id, received_at, browser, CASE WHEN json_valid(opened) THEN coalesce(json_extract(opened, '$.title'), '') "
        "ELSE '' END, answer, kept",
        message="/practice/push?browser={who}",
    ),
    Shelf(
        "Webhooks",
        "/practice/webhooks",
        "webhook_call",
        "id, received_at, name, type || CASE WHEN about <> '' THEN ': ' || about ELSE '' END, answer, "
        "kept AND answer = '200'",
        message="/practice/webhooks/{id}",
    ),
)


@dataclass(frozen=True, slots=True)
class Got:
    """One message or request, as one line."""

    channel: str
    address: str
    received_at: datetime
    who: str
    about: str
    outcome: str
    went_well: bool


@dataclass(frozen=True, slots=True)
class Channel:
    name: str
    page: str
    count: int
    newest: Got | None


@dataclass(frozen=True, slots=True)
class Everything:
    """Each channel, also one that got nothing, and the newest of all of them."""

    channels: Sequence[Channel]
    newest: Sequence[Got]


def read_everything(outbox: Path, limit: int = 30) -> Everything:
    """Return what is in the outbox; a missing file is empty."""
    if not outbox.exists():
        return Everything([Channel(shelf.name, shelf.page, 0, None) for shelf in SHELVES], [])
    channels: list[Channel] = []
    newest: list[Got] = []
    with closing(sqlite3.connect(f"{outbox.absolute().as_uri()}?mode=ro", uri=True)) as database:
        made = {row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        for shelf in SHELVES:
            count, got = _read(database, shelf, limit) if shelf.table in made else (0, [])
            channels.append(Channel(shelf.name, shelf.page, count, got[0] if got else None))
            newest += got
    newest.sort(key=lambda one: one.received_at, reverse=True)
    return Everything(channels, newest[:limit])


def _read(database: sqlite3.Connection, shelf: Shelf, limit: int) -> tuple[int, list[Got]]:
    count = database.execute(f"SELECT {shelf.counted} FROM {shelf.table}").fetchone()[0]
    rows = database.execute(f"SELECT {shelf.listed} FROM {shelf.table} ORDER BY id DESC LIMIT ?", (limit,))
    got = [
        Got(shelf.name, shelf.address(number, who), datetime.fromtimestamp(at, UTC), who, about, outcome, bool(well))
        for number, at, who, about, outcome, well in rows
    ]
    return int(count), got
