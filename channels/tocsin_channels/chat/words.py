"""The words around what people wrote: operators' templates where they can be followed, else the ones below."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Final

import structlog

from tocsin.domain.incident import Status
from tocsin.domain.placeholders import BrokenTemplate, Template
from tocsin.domain.story import Chapter, Story
from tocsin_channels.chat.passages import Passage, Run, cleaned, plain, read

log = structlog.get_logger()

# As they are in config/templates/chat/. A line of which a placeholder is empty is left out.
BUILT_IN: Final[Mapping[str, str]] = {
    "headline": "{{mark}} {{title}}\n",
    "first": "{{sentence}}\n\n{{body}}\n\nAffected: {{components}}\n{{next_update}}\n",
    "reply": "{{status}}: {{title}}\n\n{{body}}\n\nAffected: {{components}}\n{{next_update}}\n",
    "footer": "{{brand}} · {{severity}} · since {{started}}\n",
}
PLACEHOLDERS: Final = frozenset(
    (
        *("brand", "audience", "title", "body", "status", "sentence", "mark", "severity", "impact", "components"),
        *("next_update", "started", "published", "url"),
    )
)
_BODY = "{{body}}"
_LONGEST_TITLE = 200
_LONGEST_LIST = 800
_MOST_LINES = 40
_LABELS = {
    Status.INVESTIGATING: ("▲", "Investigating", "We know about it and are looking into it."),
    Status.IDENTIFIED: ("▲", "Identified", "We found the cause and are working on a fix."),
    Status.MONITORING: ("◆", "Monitoring", "A fix is in place, and we are watching whether it holds."),
    Status.RESOLVED: ("✓", "Resolved", "This is over."),
    Status.POSTMORTEM: ("■", "Postmortem", "This is over. Here is what we learned."),
}


@dataclass(frozen=True, slots=True)
class Telling:
    """One chapter in words that every service can say: `body` stands at its place among `before` and `after`."""

    headline: str
    before: tuple[Passage, ...]
    body: tuple[Passage, ...]
    after: tuple[Passage, ...]
    footer: str
    url: str

    def shortened(self, longest: int) -> Telling:
        """Return the same with at most `longest` characters of what people wrote, none of it where that is 0."""
        if longest == 0:
            return replace(self, body=())
        kept: list[Passage] = []
        for passage in self.body:
            length = len(passage.text)
            if length > longest:
                kept.append(_cut(passage, longest))
                kept.append(Passage((Run("…", url=self.url),)))
                break
            kept.append(passage)
            longest -= length
        return replace(self, body=tuple(kept))


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a template, None where the body stands; lines with no empty line between have one `paragraph`."""

    template: Template | None
    names: frozenset[str] = frozenset()
    paragraph: int = 0


@dataclass(frozen=True, slots=True)
class Words:
    """Templates that can be followed; `faults` says which of the operator's cannot, and where."""

    lines: Mapping[str, tuple[Line, ...]]
    faults: tuple[str, ...] = field(default=())

    @classmethod
    def load(cls, folder: Path) -> Words:
        """Read the templates in `folder`; what is missing or broken there is told in the built-in words."""
        lines: dict[str, tuple[Line, ...]] = {}
        faults: list[str] = []
        for name, built_in in BUILT_IN.items():
            path = folder / f"{name}.txt"
            try:
                lines[name] = parse(name, path.read_text(encoding="utf-8"))
            except (OSError, ValueError) as error:
                faults.append(f"{path}: {error}")
                log.warning("template.broken", file=str(path), error=str(error))
                lines[name] = parse(name, built_in)
        return cls(lines, tuple(faults))

    def first(self, story: Story, chapter: Chapter) -> Telling:
        """Return what is said where an incident begins, and shown there as it goes on."""
        return self._telling("first", story, chapter)

    def reply(self, story: Story, chapter: Chapter) -> Telling:
        """Return what is said in the thread of an incident that people have heard of."""
        telling = self._telling("reply", story, chapter)
        return replace(telling, before=tuple(_bold(one) for one in telling.before[:1]) + telling.before[1:])

    def _telling(self, name: str, story: Story, chapter: Chapter) -> Telling:
        values = _values(story, chapter)
        lines = self.lines[name]
        place = next(number for number, line in enumerate(lines) if line.template is None)
        return Telling(
            headline=_one_line(self.lines["headline"], values),
            before=_passages(lines[:place], values),
            body=tuple(read(chapter.body)),
            after=_passages(lines[place + 1 :], values),
            footer=_one_line(self.lines["footer"], values),
            url=chapter.url or "",
        )


def parse(name: str, text: str) -> tuple[Line, ...]:
    """Read the template `name`; raise BrokenTemplate with the line where it cannot be followed."""
    lines: list[Line] = []
    written = text.splitlines()
    paragraph = 0
    for number, line in enumerate(written, 1):
        if not line.strip():
            paragraph += 1
            continue
        if line.strip() == _BODY:
            lines.append(Line(None))
            continue
        allowed = PLACEHOLDERS - {"body"}
        try:
            template = Template.parse(line.strip(), allowed)
        except BrokenTemplate as error:
            told = str(error).partition(": ")[2]
            if _BODY in line:
                told = f"{_BODY} stands on a line of its own."
            raise BrokenTemplate(told, number) from error
        lines.append(Line(template, frozenset(template.names), paragraph))
    bodies = sum(line.template is None for line in lines)
    if bodies != (1 if name in {"first", "reply"} else 0):
        where = "exactly once" if name in {"first", "reply"} else "not"
        raise BrokenTemplate(f"{_BODY} is to stand in {name}.txt {where}.", len(written) or 1)
    if len(lines) > _MOST_LINES:
        raise BrokenTemplate(f"a message has at most {_MOST_LINES} lines beside its body.", _MOST_LINES + 1)
    return tuple(lines)


def _filled(lines: tuple[Line, ...], values: Mapping[str, str]) -> list[str]:
    return [
        line.template.fill(values)
        for line in lines
        if line.template is not None and all(values[name] for name in line.names)
    ]


def _passages(lines: tuple[Line, ...], values: Mapping[str, str]) -> tuple[Passage, ...]:
    paragraphs = (_filled(tuple(group), values) for _, group in groupby(lines, key=lambda line: line.paragraph))
    return tuple(plain("\n".join(filled)) for filled in paragraphs if filled)


def _bold(passage: Passage) -> Passage:
    return replace(passage, runs=tuple(replace(run, bold=True) for run in passage.runs))


def _one_line(lines: tuple[Line, ...], values: Mapping[str, str]) -> str:
    return " ".join(_filled(lines, values))


def _values(story: Story, chapter: Chapter) -> dict[str, str]:
    mark, label, sentence = _LABELS[chapter.status]
    values = {
        "brand": story.brand,
        "audience": story.audience,
        "title": shortened(chapter.title, _LONGEST_TITLE),
        "status": label,
        "sentence": sentence,
        "mark": mark,
        "severity": chapter.severity.label,
        "impact": chapter.impact.value,
        "components": _components(chapter),
        "next_update": _next_update(chapter),
        "started": moment(chapter.started_at),
        "published": moment(chapter.published_at),
        "url": chapter.url or "",
    }
    return {name: " ".join(cleaned(value).split()) for name, value in values.items()}


def _components(chapter: Chapter) -> str:
    """Return "Checkout (partly down), API (slow)", cut where it is long."""
    return shortened(", ".join(f"{name} ({state})" for name, state in chapter.components), _LONGEST_LIST)


def _next_update(chapter: Chapter) -> str:
    if chapter.next_update_at is None or not chapter.status.is_open:
        return ""
    return f"Next update by {moment(chapter.next_update_at, chapter.published_at)}"


def moment(at: datetime, beside: datetime | None = None) -> str:
    """Return a time as people read it, in UTC since a channel has many readers; no day is said if it is `beside`'s."""
    at = at.astimezone(UTC)
    if beside is not None and at.date() == beside.astimezone(UTC).date():
        return f"{at:%H:%M} UTC"
    return f"{at.day} {at:%B}, {at:%H:%M} UTC"


def shortened(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def _cut(passage: Passage, longest: int) -> Passage:
    runs: list[Run] = []
    for run in passage.runs:
        runs.append(replace(run, text=run.text[:longest]))
        longest -= len(run.text)
        if longest <= 0:
            break
    return replace(passage, runs=tuple(runs))
