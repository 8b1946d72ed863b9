"""The words around what people wrote: those of a post, of which each incident has a thread of its own."""

from __future__ import annotations

import re
from typing import Final

from tocsin.domain.speech import IMPACTS, LABELS, MARKS, next_update
from tocsin.domain.story import Story
from tocsin_channels.passages import parts_of
from tocsin_channels.social.defuse import defuse
from tocsin_channels.social.post import BUILT_IN, PLACES, Draft
from tocsin_channels.social.weigh import X, is_linked
from tocsin_channels.templates import Piece, Room, Wording

_PLAIN: Final = re.compile(
    r"https?://[a-z0-9.-]+(?::[0-9]+)?(?:/[\w./?=&%+#~:,;-]*[\w/=~-])?/?", re.ASCII | re.IGNORECASE
).fullmatch
_SCHEME: Final = re.compile(r"^(?:https?://|mailto:)", re.IGNORECASE)

POST: Final = Piece(
    "post",
    BUILT_IN,  # no words, so there is nothing to translate
    PLACES,
    Room(X.limit, "characters as X counts them", X.measure),
    needed=frozenset({"status", "mark"}),
    least={"status": "Investigating", "title": "Checkout is down", "link": "https://status.example.com"},
)
PIECES: Final = (POST,)


def draft(story: Story, wording: Wording) -> Draft:
    """Return the words of the first chapter."""
    chapter = story.chapters[0]
    language = story.language
    parts = parts_of(chapter.body)
    components = ", ".join(f"{name}: {state}" for name, state in chapter.components)
    values = {
        "brand": _line(story.brand),
        "mark": MARKS[chapter.status],
        "status": language.say(LABELS[chapter.status]),
        "time": language.clock(chapter.published_at),
        "title": _line(chapter.title),
        "body": "".join(defuse(said) + _read(url) for said, url in parts),
        "components": _line(components),
        "impact": language.say(IMPACTS[chapter.impact]),
        "next_update": next_update(language, chapter),
    }
    return Draft(
        template=wording.template("post", story),
        values=tuple(values.items()),
        linked_body="".join(defuse(said) + (f" ({url})" if _lives(url) else _read(url)) for said, url in parts),
        addresses=tuple(url for _, url in parts if _lives(url)),
        link=chapter.url or "",
        status=chapter.status,
        audience=story.audience,
        locale=story.locale,
        at=chapter.published_at,
    )


def _lives(url: str) -> bool:
    """Tell whether every network makes a link of `url` as it stands, and nothing else of any part of it."""
    return _PLAIN(url) is not None and is_linked(url)


def _read(url: str) -> str:
    """Return an address to be read: it stands behind the words that lead to it, and no network links it."""
    return f" ({defuse(_SCHEME.sub('', url))})" if url else ""


def _line(text: str) -> str:
    return " ".join(defuse(text).split())
