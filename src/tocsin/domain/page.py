"""The status page as values: what visitors may know, and the sentence that sums it up.

Everything here is built from public updates alone (promise D6): the overall state, components and history are derived
from what the widest audience was told, never from what is only known inside.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256

from tocsin.domain.component import ComponentStatus, worst
from tocsin.domain.incident import Impact, Severity, Status
from tocsin.domain.language import ENGLISH, Language
from tocsin.domain.maintenance import Times, Window

_SPEAKS_AS = {
    Impact.NONE: ComponentStatus.OPERATIONAL,
    Impact.MINOR: ComponentStatus.DEGRADED_PERFORMANCE,
    Impact.MAJOR: ComponentStatus.PARTIAL_OUTAGE,
    Impact.CRITICAL: ComponentStatus.MAJOR_OUTAGE,
}


@dataclass(frozen=True, slots=True)
class PageUpdate:
    id: str
    status: Status
    body: str
    created_at: datetime
    components: tuple[tuple[str, str, ComponentStatus, ComponentStatus], ...]  # (id, name, before, after)


@dataclass(frozen=True, slots=True)
class PageIncident:
    """One incident with its public updates, newest first; a maintenance has its `window` besides.

    `moves` counts how often visitors were told of another window, or that there is none any more.
    """

    id: str
    title: str
    status: Status
    severity: Severity
    impact: Impact
    started_at: datetime
    created_at: datetime
    updated_at: datetime
    monitoring_at: datetime | None
    resolved_at: datetime | None
    next_update_at: datetime | None
    components: tuple[str, ...]  # ids of the components affected now
    updates: tuple[PageUpdate, ...]
    window: Window | None = None
    moves: int = 0

    @property
    def is_open(self) -> bool:
        return self.status.is_open

    @property
    def state(self) -> ComponentStatus:
        """Return the state that it is coloured by; what is over or yet to come is operational, and nothing else is."""
        if not self.is_open or self.status is Status.SCHEDULED:
            return ComponentStatus.OPERATIONAL
        if self.window is not None:
            return ComponentStatus.UNDER_MAINTENANCE
        affected = [after for _, _, _, after in self.updates[0].components]
        return worst([ComponentStatus.DEGRADED_PERFORMANCE, _SPEAKS_AS[self.impact], *affected])


@dataclass(frozen=True, slots=True)
class PageDay:
    """One day of a component's history: its worst state, and for how many seconds it was in each bad one."""

    day: date
    worst: ComponentStatus
    partial_seconds: int
    major_seconds: int


@dataclass(frozen=True, slots=True)
class PageComponent:
    id: str
    slug: str
    name: str
    description: str | None
    status: ComponentStatus
    group: str | None  # id of its group
    position: int
    created_at: datetime
    updated_at: datetime
    days: tuple[PageDay, ...] = ()


@dataclass(frozen=True, slots=True)
class PageGroup:
    id: str
    name: str
    position: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Page:
    """The whole public page at one moment. Incidents: the open ones and those of the last 90 days, newest first.

    Maintenances likewise, those that are to come among them.

    `translations` are the same page in the other languages: with the texts that people wrote for them.
    """

    id: str
    brand: str
    url: str
    time_zone: str
    rendered_at: datetime
    components: Sequence[PageComponent] = field(default=())
    groups: Sequence[PageGroup] = field(default=())
    incidents: Sequence[PageIncident] = field(default=())
    maintenances: Sequence[PageIncident] = field(default=())
    push_key: str = ""  # what browsers subscribe with, "" where there is no web push
    language: Language = ENGLISH
    translations: Sequence[Page] = field(default=())

    @property
    def open_incidents(self) -> list[PageIncident]:
        return [incident for incident in self.incidents if incident.is_open]

    @property
    def told(self) -> list[PageIncident]:
        """Return all that visitors are told of, incidents and maintenances."""
        return [*self.incidents, *self.maintenances]

    def maintenances_in(self, times: Times) -> list[PageIncident]:
        """Return the maintenances that are to come, under way or over; of the former the next one first."""
        found = [one for one in self.maintenances if one.status in times.statuses]
        return found if times is Times.PAST else sorted(found, key=lambda one: one.started_at)

    @property
    def state(self) -> ComponentStatus:
        """Return the state that the whole page is coloured by: the worst component's, or that of what is going on."""
        statuses = [component.status for component in self.components]
        return worst([*statuses, *(one.state for one in self.told)])


def page_id(url: str) -> str:
    """Return twelve letters and digits that stay the same for as long as the page's address does."""
    return base64.b32encode(sha256(url.encode()).digest()).decode().lower()[:12]


def page_path(language: Language, path: str = "") -> str:
    """Return where a page of the status page is in `language`: "/history", or "/de/history" in any but English."""
    return f"/{path}" if language.code == ENGLISH.code else f"/{language.code}/{path}"
