"""What a notification says, in the operator's template: its first line is the title, the rest is the text."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tocsin.domain.errors import Refused
from tocsin.domain.incident import Status
from tocsin.domain.placeholders import Template
from tocsin.domain.story import Chapter, Story

_PLACES: Final = ("brand", "title", "status", "body", "components", "next_update")
_PLACES_OF_SEVERAL: Final = ("brand", "count", "incidents", "next_update")
_ONE: Final = "{{title}}\n{{status}}. {{body}} {{next_update}}"
_SEVERAL: Final = "{{brand}}: {{count}} incidents\n{{incidents}} {{next_update}}"
_NAMED: Final = 4  # incidents that are named where several come together
_LONGEST_BRAND: Final = 40
_LONGEST_TITLE: Final = 100
_LONGEST_NAME: Final = 60  # of an incident among others
_LONGEST_BODY: Final = 240
_LONGEST_PLACES: Final = 100
_STATUSES: Final = {
    Status.INVESTIGATING: "Investigating",
    Status.IDENTIFIED: "Cause found",
    Status.MONITORING: "Fix in place",
    Status.RESOLVED: "Resolved",
    Status.POSTMORTEM: "Report published",
}


@dataclass(frozen=True, slots=True)
class Templates:
    """The templates in use; `refused` says what was wrong with the operator's own, whose place the built-in takes."""

    one: Template
    several: Template
    refused: tuple[str, ...] = ()

    @classmethod
    def load(cls, folder: Path) -> Templates:
        """Read one.txt and several.txt; one that cannot be followed is told of and does not stop a message."""
        refused: list[str] = []
        one = _load(folder / "one.txt", _ONE, _PLACES, "title", refused)
        several = _load(folder / "several.txt", _SEVERAL, _PLACES_OF_SEVERAL, "incidents", refused)
        return cls(one, several, tuple(refused))

    def write(self, story: Story) -> tuple[str, str]:
        """Return title and text of the notification that tells `story`."""
        filled = self._fill(story)
        title, _, text = filled.partition("\n")
        lines = (" ".join(line.split()) for line in text.splitlines())
        return " ".join(title.split()), "\n".join(line for line in lines if line)

    def _fill(self, story: Story) -> str:
        values = {"brand": cut(story.brand, _LONGEST_BRAND), "next_update": _next_update(story)}
        first, *others = story.chapters
        if not others:
            return self.one.fill(
                values
                | {
                    "title": cut(first.title, _LONGEST_TITLE),
                    "status": _STATUSES[first.status],
                    "body": cut(" ".join(first.body.split()), _LONGEST_BODY),
                    "components": cut(
                        ", ".join(f"{name}: {state}" for name, state in first.components), _LONGEST_PLACES
                    ),
                }
            )
        return self.several.fill(values | {"count": str(len(story.chapters)), "incidents": _incidents(story.chapters)})


def _load(path: Path, built_in: str, places: Collection[str], needed: str, refused: list[str]) -> Template:
    try:
        template = Template.parse(path.read_text(encoding="utf-8").strip(), places)
        if needed in template.names:
            return template
        refused.append(f"{path}: it never says {{{{{needed}}}}}. The built-in words are used until it does.")
    except FileNotFoundError:
        pass  # a configuration folder need not have templates of its own
    except (OSError, UnicodeError, Refused) as error:
        refused.append(f"{path}, {error} The built-in words are used until this is mended.")
    return Template.parse(built_in, places)


def cut(text: str, characters: int) -> str:
    """Return at most so many characters of `text`, ending with a whole word where one ends nearby."""
    if len(text) <= characters:
        return text
    kept = text[: characters - 1]
    whole = kept.rfind(" ")
    return (kept[:whole] if whole > characters * 2 // 3 else kept).rstrip(" ,.;:-\u200d\ufe0f") + "…"


def _incidents(chapters: tuple[Chapter, ...]) -> str:
    named = [f"{cut(one.title, _LONGEST_NAME)} ({_STATUSES[one.status].lower()})" for one in chapters[:_NAMED]]
    more = len(chapters) - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "") + "."


def _next_update(story: Story) -> str:
    promised = [
        (chapter.next_update_at, chapter.published_at)
        for chapter in story.chapters
        if chapter.next_update_at is not None and chapter.status.is_open
    ]
    return f"Next update by {_moment(*min(promised))}." if promised else ""


def _moment(at: datetime, beside: datetime) -> str:
    """Return "14:30 UTC", with the day where it isn't the day of `beside`."""
    at = at.astimezone(UTC)
    day = "" if at.date() == beside.astimezone(UTC).date() else f"{at.day} {at:%b}, "
    return f"{day}{at:%H:%M} UTC"
