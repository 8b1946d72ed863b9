"""What one message tells: the current state of one or more incidents, in the words of one audience."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tocsin.domain.component import ComponentStatus
from tocsin.domain.delivery import Rule
from tocsin.domain.incident import Impact, Phase, Severity, Status
from tocsin.domain.language import ENGLISH, Language
from tocsin.domain.maintenance import Window
from tocsin.domain.page import page_path


@dataclass(frozen=True, slots=True)
class Affected:
    """A component that an incident touches, as programs want it: its public id, its name, its state."""

    id: str
    name: str
    status: ComponentStatus


@dataclass(frozen=True, slots=True)
class Chapter:
    """One incident as one audience may read of it. `url` is the incident's public page, None where it has none.

    `update` is the public id of what was said last; `affected` tells of the same components as `components`. A
    maintenance has the `window` that it is planned for.
    """

    incident: str
    version: int
    title: str
    body: str
    status: Status
    severity: Severity
    impact: Impact
    phase: Phase
    components: tuple[tuple[str, str], ...]  # (name, state in words)
    started_at: datetime
    published_at: datetime
    next_update_at: datetime | None
    url: str | None
    update: str = ""
    affected: tuple[Affected, ...] = ()
    window: Window | None = None

    @property
    def has_begun(self) -> bool:
        return self.status is not Status.SCHEDULED and self.status is not Status.CANCELLED


@dataclass(frozen=True, slots=True)
class Story:
    """Chapters with the most urgent first, for readers of one audience in one language.

    `locale` is the readers' own; `language` is what there is of it, for the words around what people wrote.
    """

    brand: str
    audience: str
    locale: str
    chapters: tuple[Chapter, ...]
    public_url: str
    rule: Rule = Rule.AUDIENCE  # why its readers get it
    language: Language = ENGLISH

    @property
    def page_url(self) -> str:
        """Return the address of the status page in the readers' language, without the last stroke."""
        return f"{self.public_url}{page_path(self.language)}".rstrip("/")

    @property
    def promise(self) -> tuple[datetime, datetime] | None:
        """Return the earliest promise of a next update about what is still open, and when it was made."""
        promised = [
            (chapter.next_update_at, chapter.published_at)
            for chapter in self.chapters
            if chapter.next_update_at is not None and chapter.status.is_open
        ]
        return min(promised) if promised else None
