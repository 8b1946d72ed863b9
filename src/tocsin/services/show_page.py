"""Puts the public page together from what the widest audience was told, and from nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import groupby, pairwise
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.audience import Audiences
from tocsin.domain.component import ComponentStatus, worst
from tocsin.domain.incident import Impact, Severity, Status
from tocsin.domain.language import Language, Languages
from tocsin.domain.maintenance import Window, is_under_way
from tocsin.domain.page import Page, PageComponent, PageGroup, PageIncident, PageUpdate, page_id
from tocsin.domain.uptime import Calendar, Span, days_of
from tocsin.services.audiences import read_audiences
from tocsin.settings import Settings
from tocsin.store import page as store
from tocsin.store.page import PublicComponent, PublicUpdate, StatusChange


async def read_page(connection: AsyncConnection, settings: Settings, languages: Languages) -> Page:
    """Return the whole public page as it stands, in English with its translations into the other `languages`."""
    now = await store.now(connection)
    calendar = Calendar.until(now, ZoneInfo(settings.status_page.time_zone))
    since = calendar.starts[0]
    audiences = await read_audiences(connection)
    components = await store.components(connection)
    changes = await store.status_changes(connection, since)
    histories = [list(updates) for _, updates in groupby(await store.updates(connection, since), lambda u: u.incident)]
    known = {component.slug: component for component in components}
    read_in = partial(_told, histories, known, audiences)
    page = Page(
        id=page_id(settings.url),
        brand=settings.brand,
        url=settings.url,
        time_zone=settings.status_page.time_zone,
        rendered_at=now,
        components=tuple(_components(components, changes, histories, calendar)),
        groups=tuple(PageGroup(*group) for group in await store.groups(connection)),
        **read_in(languages.english),
        push_key=settings.push.public_key,
        language=languages.english,
    )
    others = [language for language in languages if language is not languages.english]
    translations = [replace(page, language=other, **read_in(other)) for other in others]
    return replace(page, translations=tuple(translations))


def _told(
    histories: Sequence[Sequence[PublicUpdate]],
    known: Mapping[str, PublicComponent],
    audiences: Audiences,
    language: Language,
) -> dict[str, Any]:
    """Return incidents and maintenances, newest first, in the words for `language` where there are any."""
    told = [_incident(history, known, audiences, language.code) for history in histories]
    told.sort(key=lambda one: one.created_at, reverse=True)
    return {
        "incidents": tuple(one for one in told if one.window is None),
        "maintenances": tuple(one for one in told if one.window is not None),
    }


def _incident(
    history: Sequence[PublicUpdate], known: Mapping[str, PublicComponent], audiences: Audiences, locale: str
) -> PageIncident:
    last = history[-1]
    status = Status(last.status)
    return PageIncident(
        id=last.incident,
        title=audiences.text_for(audiences.widest, last.titles, last.title, locale),
        status=status,
        severity=Severity(last.severity),
        impact=Impact(last.impact),
        started_at=_began(history) if last.scheduled_for else _started_at(history),
        created_at=history[0].created_at,
        updated_at=last.created_at,
        monitoring_at=_entered(history, lambda update: update.status == Status.MONITORING),
        resolved_at=None if status.is_open else _entered(history, lambda update: not Status(update.status).is_open),
        next_update_at=last.next_update_at if status.is_open else None,
        components=tuple(known[slug].id for slug in last.components if slug in known),
        updates=tuple(_updates(history, known, audiences, locale)),
        window=_window(last),
        moves=sum(before != after for before, after in pairwise(map(_meant, history))),
    )


def _started_at(history: Sequence[PublicUpdate]) -> datetime:
    """Return when the incident began as far as visitors were told: not how long it had been known inside."""
    first = history[0]
    return first.started_at if first.version == 1 else first.created_at


def _began(history: Sequence[PublicUpdate]) -> datetime:
    """Return when visitors were told that a maintenance has begun, or else when it is planned to."""
    begun = _entered(history, lambda update: is_under_way(Status(update.status)))
    return begun or history[-1].scheduled_for or history[-1].created_at


def _window(update: PublicUpdate) -> Window | None:
    if update.scheduled_for is None or update.scheduled_until is None:
        return None
    return Window(update.scheduled_for, update.scheduled_until)


def _meant(update: PublicUpdate) -> tuple[Window | None, bool]:
    return _window(update), update.status == Status.CANCELLED


def _entered(history: Sequence[PublicUpdate], holds: Callable[[PublicUpdate], bool]) -> datetime | None:
    """Return when something that `holds` of an update last began to hold."""
    entered: datetime | None = None
    before = False
    for update in history:
        if holds(update) and not before:
            entered = update.created_at
        before = holds(update)
    return entered


def _updates(
    history: Sequence[PublicUpdate], known: Mapping[str, PublicComponent], audiences: Audiences, locale: str
) -> Iterable[PageUpdate]:
    shown: list[PageUpdate] = []
    before: Mapping[str, str] = {}
    for update in history:
        after = update.components
        shown.append(
            PageUpdate(
                id=update.id,
                status=Status(update.status),
                body=audiences.text_for(audiences.widest, update.texts, update.body, locale),
                created_at=update.created_at,
                components=tuple(
                    (
                        known[slug].id,
                        known[slug].name,
                        ComponentStatus(before.get(slug, ComponentStatus.OPERATIONAL)),
                        ComponentStatus(after.get(slug, ComponentStatus.OPERATIONAL)),
                    )
                    for slug in dict.fromkeys([*after, *before])
                    if slug in known
                ),
            )
        )
        before = after
    return reversed(shown)


def _components(
    components: Sequence[PublicComponent],
    changes: Sequence[StatusChange],
    histories: Sequence[Sequence[PublicUpdate]],
    calendar: Calendar,
) -> Iterable[PageComponent]:
    said: dict[str, list[Span]] = {component.slug: [] for component in components}
    open_now: dict[str, list[ComponentStatus]] = {slug: [] for slug in said}
    touched: dict[str, datetime] = {}
    for slug, span in [*_said_by_hand(changes, calendar.now), *_said_by_incidents(histories, calendar.now)]:
        if slug in said:
            said[slug].append(span)
    for history in histories:
        for update in history:
            touched |= {
                slug: max(update.created_at, touched.get(slug, update.created_at)) for slug in update.components
            }
        if Status(history[-1].status).is_open:
            for slug, status in history[-1].components.items():
                open_now.setdefault(slug, []).append(ComponentStatus(status))
    nothing = days_of([], calendar)
    for component in components:
        yield PageComponent(
            id=component.id,
            slug=component.slug,
            name=component.name,
            description=component.description,
            status=worst([ComponentStatus(component.status), *open_now[component.slug]]),
            group=component.group,
            position=component.position,
            created_at=component.created_at,
            updated_at=max(component.updated_at, touched.get(component.slug, component.updated_at)),
            days=days_of(said[component.slug], calendar) if said[component.slug] else nothing,
        )


def _said_by_hand(changes: Sequence[StatusChange], now: datetime) -> Iterable[tuple[str, Span]]:
    by_slug: dict[str, list[StatusChange]] = {}
    for change in changes:
        by_slug.setdefault(change.slug, []).append(change)
    for slug, set_ in by_slug.items():
        ends = [*(change.since for change in set_[1:]), now]
        for change, end in zip(set_, ends, strict=True):
            yield slug, Span(change.since, end, ComponentStatus(change.status))


def _said_by_incidents(histories: Sequence[Sequence[PublicUpdate]], now: datetime) -> Iterable[tuple[str, Span]]:
    """Each update holds from its time, the first from when the incident began, until the next one."""
    for history in histories:
        starts = [_started_at(history), *(update.created_at for update in history[1:]), now]
        for update, (start, end) in zip(history, pairwise(starts), strict=True):
            if Status(update.status).is_open:
                for slug, status in update.components.items():
                    yield slug, Span(start, end, ComponentStatus(status))
