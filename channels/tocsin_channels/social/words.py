"""The words around what people wrote: those of a post, of which each incident has a thread of its own."""

from __future__ import annotations

from typing import Final

from tocsin.domain.speech import IMPACTS, LABELS, MARKS, next_update
from tocsin.domain.story import Story
from tocsin_channels.passages import words_of
from tocsin_channels.social.defuse import defuse
from tocsin_channels.social.post import BUILT_IN, PLACES, Draft
from tocsin_channels.social.weigh import X
from tocsin_channels.templates import Piece, Room, Wording

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
    components = ", ".join(f"{name}: {state}" for name, state in chapter.components)
    values = {
        "brand": _line(story.brand),
        "mark": MARKS[chapter.status],
        "status": language.say(LABELS[chapter.status]),
        "time": language.clock(chapter.published_at),
        "title": _line(chapter.title),
        "body": defuse(words_of(chapter.body)),
        "components": _line(components),
        "impact": language.say(IMPACTS[chapter.impact]),
        "next_update": next_update(language, chapter.next_update_at, chapter.published_at, chapter.status),
    }
    return Draft(
        template=wording.template("post", story),
        values=tuple(values.items()),
        link=chapter.url or "",
        status=chapter.status,
        audience=story.audience,
        locale=story.locale,
        at=chapter.published_at,
    )


def _line(text: str) -> str:
    return " ".join(defuse(text).split())
