"""What a browser is sent: title, text and where they lead, as JSON that the page's service worker reads.

Written once per version, audience and language; the way to end it is each browser's own. Services take 4,096 sealed
bytes, 103 of which the seal needs (RFC 8291, 4): whatever the words are, a note stays below that.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Final

from tocsin.domain.incident import Phase
from tocsin.domain.story import Chapter, Story
from tocsin_channels.push.words import cut, write
from tocsin_channels.push.worth import Worth, worth_of
from tocsin_channels.templates import Wording

LARGEST: Final = 3_993  # bytes of JSON: 4,096 without the seal
_TOKEN_ROOM: Final = 200
_LONGEST_URL: Final = 500
_MOST_TOLD: Final = 60
_SHORTEST_TEXT: Final = 20
# A phone rings for these; other news changes the notification that is there without a sound.
_RINGS: Final = Phase.OPENED | Phase.ESCALATED | Phase.RESOLVED | Phase.MAINTENANCE


@dataclass(frozen=True, slots=True)
class Note:
    """`topic` is the incident's where there is one alone: a newer message then replaces one that was not fetched."""

    content: dict[str, Any]
    topic: str
    worth: Worth

    def body(self, token: str) -> bytes:
        """Return the note to the browser whose unsubscribe token is `token`."""
        return _bytes(self.content | {"stop": f"/unsubscribe/{token}"})


def render(story: Story, wording: Wording) -> Note:
    """Return the note that tells `story`, its text cut short where it would be too large."""
    title, text = write(story, wording)
    note = Note(_content(story, title, text), _topic(story.chapters), worth_of(story.chapters))
    while len(_bytes(note.content)) > LARGEST - _TOKEN_ROOM:
        title, text = _shorter(title), _shorter(text)
        note = replace(note, content=note.content | {"title": title, "body": text})
    return note


def _shorter(text: str) -> str:
    return cut(text, max(len(text) * 3 // 4, _SHORTEST_TEXT))


def _content(story: Story, title: str, text: str) -> dict[str, Any]:
    first = story.chapters[0]
    home = f"{story.page_url}/"
    url = first.url if len(story.chapters) == 1 and first.url else home
    return {
        "title": title,
        "body": text,
        "url": url if len(url) <= _LONGEST_URL else "/",
        "tag": _tag(story.chapters),
        "lang": story.locale,
        "at": int(max(chapter.published_at for chapter in story.chapters).timestamp() * 1000),
        "rings": any(chapter.phase & _RINGS for chapter in story.chapters),
        # Incident → version: by it a browser knows what is older than what it has shown.
        "told": {chapter.incident: chapter.version for chapter in story.chapters[:_MOST_TOLD]},
    }


def _topic(chapters: tuple[Chapter, ...]) -> str:
    """Return at most 32 letters (RFC 8030, 5.4). One about several incidents replaces none."""
    return _name(chapters) if len(chapters) == 1 else ""


def _tag(chapters: tuple[Chapter, ...]) -> str:
    return chapters[0].incident if len(chapters) == 1 else f"several-{_name(chapters)}"


def _name(chapters: tuple[Chapter, ...]) -> str:
    return sha256("+".join(sorted(chapter.incident for chapter in chapters)).encode()).hexdigest()[:32]


def _bytes(content: dict[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
