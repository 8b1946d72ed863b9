"""The words around what people wrote, and operators' template for them: read strictly, and left out where broken."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tocsin.domain.errors import Refused
from tocsin.domain.incident import Status
from tocsin.domain.placeholders import Template
from tocsin.domain.story import Chapter, Story
from tocsin_channels.social.defuse import defuse
from tocsin_channels.social.post import BUILT_IN, PLACES, Draft

FILE = "post.txt"
_LABELS = {
    Status.INVESTIGATING: "Investigating",
    Status.IDENTIFIED: "Identified",
    Status.MONITORING: "Monitoring",
    Status.RESOLVED: "Resolved",
    Status.POSTMORTEM: "Postmortem",
}
_MARKS = {
    Status.INVESTIGATING: "▲",
    Status.IDENTIFIED: "▲",
    Status.MONITORING: "◆",
    Status.RESOLVED: "✓",
    Status.POSTMORTEM: "■",
}


@dataclass(frozen=True, slots=True)
class Wording:
    """`fault` says why operators' own template is not used, "" where it is."""

    template: Template = BUILT_IN
    fault: str = ""


def read_wording(templates: Path) -> Wording:
    """Read post.txt in `templates`; where it is broken or missing the built-in words are used, and `fault` says so."""
    path = templates / FILE
    try:
        template = Template.parse(path.read_text(encoding="utf-8"), PLACES)
    except Refused as error:
        return Wording(fault=f"{path}, {error} The built-in words are used.")
    except (OSError, UnicodeError) as error:
        return Wording(fault=f"{path} cannot be read: {error}. The built-in words are used.")
    if "status" not in template.names and "mark" not in template.names:
        return Wording(fault=f"{path} does not say the state: it needs {{{{status}}}}. The built-in words are used.")
    return Wording(template)


def draft(story: Story, template: Template) -> Draft:
    """Return the words of the first chapter: here each incident is told in a thread of its own."""
    chapter = story.chapters[0]
    components = ", ".join(f"{name}: {state}" for name, state in chapter.components)
    values = {
        "brand": _line(story.brand),
        "mark": _MARKS[chapter.status],
        "status": _LABELS[chapter.status],
        "time": _moment(chapter.published_at),
        "title": _line(chapter.title),
        "body": defuse(chapter.body),
        "components": _line(components),
        "impact": chapter.impact.value,
        "next_update": _next_update(chapter),
    }
    return Draft(
        template=template,
        values=tuple(values.items()),
        link=chapter.url or "",
        status=chapter.status,
        audience=story.audience,
        locale=story.locale,
        at=chapter.published_at,
    )


def _line(text: str) -> str:
    return " ".join(defuse(text).split())


def _moment(at: datetime, beside: datetime | None = None) -> str:
    at = at.astimezone(UTC)
    if beside is None or at.date() == beside.astimezone(UTC).date():
        return f"{at:%H:%M} UTC"
    return f"{at.day} {at:%B}, {at:%H:%M} UTC"


def _next_update(chapter: Chapter) -> str:
    if chapter.next_update_at is None or not chapter.status.is_open:
        return ""
    return f"Next update by {_moment(chapter.next_update_at, chapter.published_at)}"
