"""What people would see in the practice chats: rooms with their threads, from blocks and cards as they were sent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

from tocsin.practice.chat_behaviour import Behaviour, behaviour_of
from tocsin.practice.chat_log import Kept, find

SERVICE_NAMES = {"slack": "Slack, by our bot", "slack_webhook": "Slack, by a webhook", "teams": "Teams, by a workflow"}
_MRKDWN = re.compile(
    r"```\n?(?P<code>.*?)\n?```|`(?P<inline>[^`\n]+)`|<(?P<url>[^<>|]+)\|(?P<label>[^<>]*)>"
    r"|(?<![\w*])\*(?P<bold>[^*\n]+)\*(?!\w)|(?<!\w)_(?P<italic>[^_\n]+)_(?!\w)|~(?P<struck>[^~\n]+)~",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Piece:
    """Text in one style: "", bold, italic, struck or code; `url` where it is a link."""

    text: str
    style: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """One post as it is shown."""

    kept: Kept
    headline: str
    pieces: tuple[Piece, ...]
    footer: tuple[Piece, ...]
    replies: tuple[Seen, ...] = ()


@dataclass(frozen=True, slots=True)
class Room:
    """A channel with its posts, the newest thread first."""

    service: str
    name: str
    behaviour: Behaviour
    posts: tuple[Seen, ...]


def rooms(outbox: Path) -> list[Room]:
    """Return the rooms, the one that was written to last first."""
    posts: dict[tuple[str, str], list[Kept]] = {}
    for kept in find(outbox):
        posts.setdefault((kept.service, kept.channel), []).append(kept)
    return [
        Room(SERVICE_NAMES[service], channel, behaviour_of(channel), tuple(_threads(found)))
        for (service, channel), found in posts.items()
    ]


def _threads(newest_first: list[Kept]) -> Iterator[Seen]:
    known = {kept.ts for kept in newest_first}
    replies: dict[str, list[Seen]] = {}
    for kept in reversed(newest_first):
        if kept.thread_ts in known:
            replies.setdefault(kept.thread_ts, []).append(_seen(kept))
    for kept in newest_first:
        if kept.thread_ts not in known:
            yield _seen(kept, tuple(replies.get(kept.ts, ())))


def _seen(kept: Kept, replies: tuple[Seen, ...] = ()) -> Seen:
    read = _card if kept.service == "teams" else _blocks
    headline, pieces, footer = read(kept.content)
    return Seen(kept, headline, tuple(pieces), tuple(footer), replies)


def _blocks(blocks: list[dict[str, Any]]) -> tuple[str, list[Piece], list[Piece]]:
    headline, footer = "", list[Piece]()
    pieces: list[Piece] = []
    for block in blocks:
        match block:
            case {"type": "header", "text": {"text": text}}:
                headline = unescape(str(text))
            case {"type": "context", "elements": [{"text": text}, *_]}:
                footer = list(_mrkdwn(str(text)))
            case {"text": {"text": text}}:
                pieces += [Piece("\n")] if pieces else []
                pieces += _mrkdwn(str(text))
            case _:
                pass
    return headline, pieces, footer


def _mrkdwn(text: str) -> Iterator[Piece]:
    end = 0
    for found in _MRKDWN.finditer(text):
        if found.start() > end:
            yield Piece(unescape(text[end : found.start()]))
        style = found.lastgroup or ""
        if found["url"]:
            yield Piece(unescape(found["label"]), "", unescape(found["url"]))
        else:
            yield Piece(unescape(found[style]), "code" if style == "inline" else style)
        end = found.end()
    if end < len(text):
        yield Piece(unescape(text[end:]))


def _card(card: dict[str, Any]) -> tuple[str, list[Piece], list[Piece]]:
    lines = [(element.get("spacing", ""), list(_runs(element.get("inlines", ())))) for element in card["body"]]
    pieces: list[Piece] = []
    for spacing, line in lines[1:-1]:
        pieces += [Piece("\n" if spacing == "None" else "\n\n")] if pieces else []
        pieces += line
    actions = [Piece(" · "), *(Piece(one["title"], "", one["url"]) for one in card.get("actions", ()))]
    return "".join(piece.text for piece in lines[0][1]), pieces, lines[-1][1] + (actions if actions[1:] else [])


def _runs(inlines: Iterable[dict[str, Any]]) -> Iterator[Piece]:
    for run in inlines:
        match run:
            case {"fontType": "Monospace"}:
                style = "code"
            case {"weight": "Bolder"}:
                style = "bold"
            case {"italic": True}:
                style = "italic"
            case {"strikethrough": True}:
                style = "struck"
            case _:
                style = ""
        yield Piece(str(run["text"]), style, str(run.get("selectAction", {}).get("url", "")))
