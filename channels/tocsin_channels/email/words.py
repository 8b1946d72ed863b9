"""The words of a mail that operators may write anew, why its reader gets it, and the colours of states."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tocsin.domain import speech
from tocsin.domain.delivery import Rule
from tocsin.domain.incident import Impact, Status
from tocsin.domain.language import word
from tocsin.domain.story import Chapter, Story
from tocsin_channels.templates import Piece, Room, Wording

_LONGEST_SUBJECT: Final = 180
_PLACES: Final = frozenset({"brand", "audience", "titles", "count", "reason", "page"})
_SUBJECT: Final = Piece(
    "subject",
    "[{{status}}] {{title}}",
    frozenset({"brand", "audience", "title", "status", "severity", "components"}),
    Room(120),
    needed=frozenset({"title"}),
)
_SUBJECT_OF_SEVERAL: Final = Piece(
    "subject_of_several",
    word("{{count}} incidents: {{titles}}"),
    frozenset({"brand", "audience", "titles", "count"}),
    Room(120),
    needed=frozenset({"titles", "count"}),
)
_INTRO: Final = Piece("intro", "", _PLACES, Room(2_000))
_FOOTER: Final = Piece("footer", word("You get this e-mail because {{reason}}."), _PLACES, Room(2_000))
PIECES: Final = (_SUBJECT, _SUBJECT_OF_SEVERAL, _INTRO, _FOOTER)
_REASONS: Final = {
    Rule.AUDIENCE: word("you are subscribed to incident updates from {brand}, for {audience}"),
    Rule.REQUIRED: word("at {brand} everyone in {audience} must hear of an incident like this"),
    Rule.CLOSURE: word("{brand} told you that this began"),
    Rule.FOLLOWED: word("you follow this incident at {brand}"),
    Rule.COMPONENTS: word("at {brand} you chose a component that is affected: {components}"),
    Rule.FALLBACK: word("your other address cannot be reached, and you named this one in its stead at {brand}"),
}


@dataclass(frozen=True, slots=True)
class Tone:
    """Colours of the state bar; white text on `bar` has a contrast of at least 4.5."""

    bar: str
    name: str


_MAJOR = Tone("#b42318", "major")
_PARTIAL = Tone("#b54708", "partial")
_DEGRADED = Tone("#8a5a00", "degraded")
_CALM = Tone("#1f5fa8", "monitoring")
_OVER = Tone("#1a7f4b", "operational")
_QUIET = Tone("#4b5565", "unknown")
_BY_IMPACT = {
    Impact.CRITICAL: _MAJOR,
    Impact.MAJOR: _PARTIAL,
    Impact.MINOR: _DEGRADED,
    Impact.NONE: _CALM,
}


def tone(chapter: Chapter) -> Tone:
    match chapter.status:
        case Status.RESOLVED | Status.COMPLETED:
            return _OVER
        case Status.POSTMORTEM | Status.CANCELLED:
            return _QUIET
        case Status.MONITORING:
            return _CALM
        case _:
            return _BY_IMPACT[chapter.impact]


def subject(story: Story, wording: Wording) -> str:
    """Return a subject that sorts and threads, on one line: "[Investigating] Checkout is failing"."""
    chapter, *others = story.chapters
    if others:
        return _subject(story, wording, "subject_of_several", {"count": _count(story), "titles": _titles(story)})
    values = {
        "title": chapter.title,
        "status": story.language.say(speech.LABELS[chapter.status]),
        "severity": chapter.severity.label if chapter.window is None else story.language.say("maintenance"),
        "components": ", ".join(name for name, _ in chapter.components),
    }
    return _subject(story, wording, "subject", values)


def intro(story: Story, wording: Wording) -> str:
    """Return what stands above all incidents, "" where operators wrote nothing."""
    return _around(story, wording, "intro")


def footer(story: Story, wording: Wording) -> str:
    """Return what stands below all incidents; the links to change and to stop follow in any case."""
    return _around(story, wording, "footer")


def _subject(story: Story, wording: Wording, name: str, values: dict[str, str]) -> str:
    filled = wording.template(name, story).fill({"brand": story.brand, "audience": _audience(story), **values})
    line = filled.replace("\n", " ")
    return line if len(line) <= _LONGEST_SUBJECT else line[: _LONGEST_SUBJECT - 1].rstrip() + "…"


def _around(story: Story, wording: Wording, name: str) -> str:
    values = {
        "brand": story.brand,
        "audience": _audience(story),
        "titles": _titles(story),
        "count": _count(story),
        "reason": _reason(story),
        "page": story.page_url,
    }
    return wording.template(name, story).fill(values).strip()


def _reason(story: Story) -> str:
    """Return why the readers get this, as it goes on after "you get this e-mail because"."""
    names = dict.fromkeys(name for chapter in story.chapters for name, _ in chapter.components)
    rule = story.rule if names or story.rule is not Rule.COMPONENTS else Rule.AUDIENCE
    values = {"brand": story.brand, "audience": _audience(story), "components": ", ".join(names)}
    return story.language.say(_REASONS[rule], **values)


def _audience(story: Story) -> str:
    return speech.audience(story.language, story.audience)


def _titles(story: Story) -> str:
    return ", ".join(chapter.title for chapter in story.chapters)


def _count(story: Story) -> str:
    return story.language.number(len(story.chapters))
