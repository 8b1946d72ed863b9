"""What a notification says, in the operator's template: its first line is the title, the rest is the text."""

from __future__ import annotations

from typing import Final

from tocsin.domain.language import word
from tocsin.domain.speech import SHORT, and_more, next_update
from tocsin.domain.spoken_html import sentence_case
from tocsin.domain.story import Story
from tocsin_channels.passages import words_of
from tocsin_channels.templates import Piece, Room, Wording

_NAMED: Final = 4  # incidents that are named where several come together
_LONGEST_BRAND: Final = 40
_LONGEST_TITLE: Final = 100
_LONGEST_NAME: Final = 60  # of an incident among others
_LONGEST_BODY: Final = 240
_LONGEST_PLACES: Final = 100
_ROOM: Final = Room(1_500, "bytes", lambda text: len(text.encode()))  # of 4,096, sealed and with all the rest

ONE: Final = Piece(
    "one",
    "{{title}}\n{{status}}. {{body}} {{next_update}}",
    frozenset({"brand", "title", "status", "body", "components", "next_update"}),
    _ROOM,
    needed=frozenset({"title"}),
)
SEVERAL: Final = Piece(
    "several",
    word("{{brand}}: {{count}} incidents\n{{incidents}} {{next_update}}"),
    frozenset({"brand", "count", "incidents", "next_update"}),
    _ROOM,
    needed=frozenset({"incidents"}),
)
PIECES: Final = (ONE, SEVERAL)


def write(story: Story, wording: Wording) -> tuple[str, str]:
    """Return title and text of the notification that tells `story`."""
    name, values = ("one", _values(story)) if len(story.chapters) == 1 else ("several", _values_of_several(story))
    filled = wording.template(name, story).fill(values)
    title, _, text = filled.strip().partition("\n")
    lines = (" ".join(line.split()) for line in text.splitlines())
    return " ".join(title.split()), "\n".join(line for line in lines if line)


def cut(text: str, characters: int) -> str:
    """Return at most so many characters of `text`, ending with a whole word where one ends nearby."""
    if len(text) <= characters:
        return text
    kept = text[: characters - 1]
    whole = kept.rfind(" ")
    return (kept[:whole] if whole > characters * 2 // 3 else kept).rstrip(" ,.;:-\u200d\ufe0f") + "…"


def _values(story: Story) -> dict[str, str]:
    [chapter] = story.chapters
    return {
        "brand": cut(story.brand, _LONGEST_BRAND),
        "title": cut(chapter.title, _LONGEST_TITLE),
        "status": sentence_case(story.language.say(SHORT[chapter.status])),
        "body": cut(" ".join(words_of(chapter.body).split()), _LONGEST_BODY),
        "components": cut(", ".join(f"{name}: {state}" for name, state in chapter.components), _LONGEST_PLACES),
        "next_update": _next_update(story),
    }


def _values_of_several(story: Story) -> dict[str, str]:
    say = story.language.say
    told = story.chapters[:_NAMED]
    named = ", ".join(f"{cut(chapter.title, _LONGEST_NAME)} ({say(SHORT[chapter.status])})" for chapter in told)
    return {
        "brand": cut(story.brand, _LONGEST_BRAND),
        "count": story.language.number(len(story.chapters)),
        "incidents": and_more(story.language, named, len(story.chapters) - len(told)) + ".",
        "next_update": _next_update(story),
    }


def _next_update(story: Story) -> str:
    if len(story.chapters) == 1 and story.chapters[0].window is not None:
        planned = next_update(story.language, story.chapters[0])
        return planned and f"{planned}."
    if story.promise is None:
        return ""
    return story.language.say("Next update by {time}.", time=story.language.moment(*story.promise))
