"""The words around what people wrote: subject, state sentences, times, and why the reader gets this."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from tocsin.domain.delivery import Rule
from tocsin.domain.incident import Impact, Status
from tocsin.domain.story import Chapter, Story

_LONGEST_SUBJECT = 180
_LABELS = {
    Status.INVESTIGATING: "Investigating",
    Status.IDENTIFIED: "Identified",
    Status.MONITORING: "Monitoring",
    Status.RESOLVED: "Resolved",
    Status.POSTMORTEM: "Postmortem",
}
_SENTENCES = {
    Status.INVESTIGATING: "We know about it and are looking into it.",
    Status.IDENTIFIED: "We found the cause and are working on a fix.",
    Status.MONITORING: "A fix is in place, and we are watching whether it holds.",
    Status.RESOLVED: "This is over.",
    Status.POSTMORTEM: "This is over. Here is what we learned.",
}
_MARKS = {
    Status.INVESTIGATING: "▲",
    Status.IDENTIFIED: "▲",
    Status.MONITORING: "◆",
    Status.RESOLVED: "✓",
    Status.POSTMORTEM: "■",
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


def label(status: Status) -> str:
    return _LABELS[status]


def sentence(status: Status) -> str:
    return _SENTENCES[status]


def mark(status: Status) -> str:
    """Return the state's shape, so that colour is never the only sign."""
    return _MARKS[status]


def tone(chapter: Chapter) -> Tone:
    match chapter.status:
        case Status.RESOLVED:
            return _OVER
        case Status.POSTMORTEM:
            return _QUIET
        case Status.MONITORING:
            return _CALM
        case _:
            return _BY_IMPACT[chapter.impact]


def subject(story: Story) -> str:
    """Return a subject that sorts and threads: "[Investigating] Checkout is failing"."""
    first, *others = story.chapters
    if not others:
        return _shortened(f"[{label(first.status)}] {first.title}")
    titles = ", ".join(chapter.title for chapter in story.chapters)
    return _shortened(f"{len(story.chapters)} incidents: {titles}")


def moment(at: datetime, beside: datetime | None = None) -> str:
    """Return a time as people read it, in UTC since a mail has many readers; no day is said if it is `beside`'s."""
    at = at.astimezone(UTC)
    if beside is not None and at.date() == beside.astimezone(UTC).date():
        return f"{at:%H:%M} UTC"
    return f"{at.day} {at:%B}, {at:%H:%M} UTC"


def next_update(chapter: Chapter) -> str:
    """Return the promise of the next update, "" where none was made or nothing is open any more."""
    if chapter.next_update_at is None or not chapter.status.is_open:
        return ""
    return f"Next update by {moment(chapter.next_update_at, chapter.published_at)}"


def why(story: Story) -> str:
    particular = "" if story.rule is Rule.AUDIENCE else f", and {story.rule.to_you}"
    return (
        f"You get this e-mail because you are subscribed to incident updates from {story.brand}, for {story.audience}"
        f"{particular}."
    )


def _shortened(value: str) -> str:
    return value if len(value) <= _LONGEST_SUBJECT else value[: _LONGEST_SUBJECT - 1].rstrip() + "…"
