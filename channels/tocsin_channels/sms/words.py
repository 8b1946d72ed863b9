"""What a text message says, in the operator's template: only titles are ever cut, never the link or the way out."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tocsin.domain.errors import Refused
from tocsin.domain.incident import Status
from tocsin.domain.placeholders import Template
from tocsin.domain.story import Story

_PLACES: Final = ("brand", "title", "status", "next_update", "url")
_PLACES_OF_SEVERAL: Final = ("brand", "count", "incidents", "next_update", "url")
_ONE: Final = "{{brand}}: {{title}}, {{status}}. {{next_update}} {{url}} STOP ends"
_SEVERAL: Final = "{{brand}}: {{count}} incidents: {{incidents}}. {{url}} STOP ends"
_LONGEST_BRAND: Final = 40
_STATUSES: Final = {
    Status.INVESTIGATING: "investigating",
    Status.IDENTIFIED: "cause found",
    Status.MONITORING: "fix in place",
    Status.RESOLVED: "resolved",
    Status.POSTMORTEM: "report published",
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

    def write(self, story: Story, titles: list[str]) -> str:
        """Return the words of `story`, with `titles` for as many of its incidents as are to be named."""
        first, *others = story.chapters
        values = {"brand": story.brand[:_LONGEST_BRAND], "next_update": _next_update(story)}
        if not others:
            values |= {"title": titles[0], "status": _STATUSES[first.status], "url": first.url or ""}
            return self.one.fill(values)
        values |= {
            "count": str(len(story.chapters)),
            "incidents": _incidents(story, titles),
            "url": story.public_url if any(chapter.url for chapter in story.chapters) else "",
        }
        return self.several.fill(values)


def _load(path: Path, built_in: str, places: Collection[str], needed: str, refused: list[str]) -> Template:
    try:
        template = Template.parse(path.read_text(encoding="utf-8").rstrip(), places)
        if needed in template.names:
            return template
        refused.append(f"{path}: it never says {{{{{needed}}}}}. The built-in words are used until it does.")
    except FileNotFoundError:
        pass  # a configuration folder need not have templates of its own
    except (OSError, UnicodeError, Refused) as error:
        refused.append(f"{path}, {error} The built-in words are used until this is mended.")
    return Template.parse(built_in, places)


def _incidents(story: Story, titles: list[str]) -> str:
    named = [f"{title} ({_STATUSES[chapter.status]})" for title, chapter in zip(titles, story.chapters, strict=False)]
    more = len(story.chapters) - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "")


def _next_update(story: Story) -> str:
    promised = [
        (chapter.next_update_at, chapter.published_at)
        for chapter in story.chapters
        if chapter.next_update_at is not None and chapter.status.is_open
    ]
    return f"Next update {_moment(*min(promised))}." if promised else ""


def _moment(at: datetime, beside: datetime) -> str:
    """Return "14:30 UTC", with the day where it isn't the day of `beside`: a text has readers in all zones."""
    at = at.astimezone(UTC)
    day = "" if at.date() == beside.astimezone(UTC).date() else f"{at.day} {at:%b} "
    return f"{day}{at:%H:%M} UTC"
