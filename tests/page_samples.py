"""Public pages to show: as much or as little on them as a test needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tocsin.domain.component import ComponentStatus
from tocsin.domain.incident import Impact, Severity, Status
from tocsin.domain.maintenance import Window
from tocsin.domain.page import Page, PageComponent, PageGroup, PageIncident, PageUpdate
from tocsin.domain.uptime import Calendar, Span, days_of
from tocsin.languages import read_languages

NOW = datetime(2026, 11, 21, 12, 31, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=400)
CALENDAR = Calendar.until(NOW, UTC)
GERMAN = read_languages(Path("/nowhere")).languages.of("de")


def component(
    slug: str,
    status: ComponentStatus = ComponentStatus.OPERATIONAL,
    *,
    name: str | None = None,
    group: str | None = None,
    spans: Sequence[Span] = (),
    created_at: datetime = LONG_AGO,
) -> PageComponent:
    return PageComponent(
        id=f"{slug:x<12}"[:12],
        slug=slug,
        name=name or slug.capitalize(),
        description=None,
        status=status,
        group=group,
        position=0,
        created_at=created_at,
        updated_at=LONG_AGO,
        days=days_of(spans, CALENDAR),
    )


def group(slug: str) -> PageGroup:
    return PageGroup(f"{slug:y<12}"[:12], slug.capitalize(), 0, LONG_AGO, LONG_AGO)


def update(
    body: str,
    status: Status = Status.INVESTIGATING,
    *,
    at: datetime = NOW,
    components: tuple[tuple[str, str, ComponentStatus, ComponentStatus], ...] = (),
    id_: str = "upd000000001",
) -> PageUpdate:
    return PageUpdate(id_, status, body, at, components)


def incident(
    title: str,
    *updates: PageUpdate,
    id_: str = "inc000000001",
    impact: Impact = Impact.NONE,
    next_update_at: datetime | None = None,
) -> PageIncident:
    """Return an incident with `updates`, newest first."""
    told = updates or (update("We look into it."),)
    return PageIncident(
        id=id_,
        title=title,
        status=told[0].status,
        severity=Severity.SEV2,
        impact=impact,
        started_at=told[-1].created_at,
        created_at=told[-1].created_at,
        updated_at=told[0].created_at,
        monitoring_at=None,
        resolved_at=None if told[0].status.is_open else told[0].created_at,
        next_update_at=next_update_at,
        components=tuple(affected for affected, _, _, _ in told[0].components),
        updates=told,
    )


def maintenance(
    title: str,
    *updates: PageUpdate,
    id_: str = "mnt000000001",
    starts_at: datetime = NOW + timedelta(hours=9),
    hours: float = 2,
    moves: int = 0,
) -> PageIncident:
    """Return a maintenance with `updates`, newest first."""
    told = updates or (update("We replace the database.", Status.SCHEDULED, at=NOW - timedelta(days=1)),)
    window = Window(starts_at, starts_at + timedelta(hours=hours))
    return replace(incident(title, *told, id_=id_), started_at=starts_at, window=window, moves=moves)


def page(
    *,
    components: Sequence[PageComponent] = (),
    groups: Sequence[PageGroup] = (),
    incidents: Sequence[PageIncident] = (),
    maintenances: Sequence[PageIncident] = (),
    rendered_at: datetime = NOW,
    time_zone: str = "UTC",
    brand: str = "Acme",
) -> Page:
    return Page(
        id="pagepagepage",
        brand=brand,
        url="https://status.acme.test",
        time_zone=time_zone,
        rendered_at=rendered_at,
        components=tuple(components),
        groups=tuple(groups),
        incidents=tuple(incidents),
        maintenances=tuple(maintenances),
    )


def in_german(shown: Page, *incidents: PageIncident) -> Page:
    """Return `shown` with its German translation, in which the incidents are `incidents` where there are such."""
    german = replace(shown, language=GERMAN, incidents=incidents or shown.incidents)
    return replace(shown, translations=(german,))
