"""Heeds what other systems report: an incident is opened for each trouble, updated, and resolved when it has ended.

It is said to the inside alone, unless the settings say otherwise. Once anybody else has spoken about the incident it is
theirs, and its source changes nothing more: what people tell their customers is not undone by a machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import structlog

from tocsin.domain.audience import Audiences
from tocsin.domain.component import ComponentStatus
from tocsin.domain.incident import Status
from tocsin.domain.policy import Policy
from tocsin.domain.signal import Signal, Told, began, line, lines
from tocsin.domain.update import Draft
from tocsin.services.publish import Published, add_update, open_incident
from tocsin.store import signals, surroundings
from tocsin.store.engine import Connection
from tocsin.store.signals import Known

log = structlog.get_logger()


class Result(StrEnum):
    OPENED = "opened"
    UPDATED = "updated"
    RESOLVED = "resolved"
    UNCHANGED = "unchanged"  # it was reported before in the same words
    LEFT_TO_PEOPLE = "left_to_people"
    NOT_OPEN = "not_open"  # it is over, and nobody here was told that it began


@dataclass(frozen=True, slots=True)
class Heeded:
    key: str
    result: Result
    incident: str | None


@dataclass(frozen=True, slots=True)
class Rules:
    """`audiences` hear of what is reported."""

    policy: Policy
    all: Audiences
    audiences: tuple[str, ...]


async def heed(connection: Connection, source: str, told: Sequence[Signal], rules: Rules) -> list[Heeded]:
    """Do what signals ask for; the caller commits, then hints."""
    done: dict[str, Heeded] = {}
    for signal in sorted(told, key=lambda one: one.name):  # whoever locks several locks them in this order
        done[signal.name] = await _heed(connection, source, signal, rules)
        log.info("signal.heeded", source=source, result=done[signal.name].result, incident=done[signal.name].incident)
    return [done[signal.name] for signal in told]


async def _heed(connection: Connection, source: str, signal: Signal, rules: Rules) -> Heeded:
    who = f"hook:{source}"
    known = await signals.find(connection, source, signal.name, who)
    if known is None or not known.is_open:
        if signal.told is Told.RESOLVED:
            return Heeded(signal.name, Result.NOT_OPEN, None if known is None else known.ref)
        said = await _open(connection, source, signal, rules, who)
        await signals.write(connection, source, signal.name, said.incident_id, signal.said)
        return Heeded(signal.name, Result.OPENED, said.ref)
    result = await _go_on(connection, known, signal, rules, who)
    await signals.write(connection, source, signal.name, known.incident, signal.said)
    return Heeded(signal.name, result, known.ref)


async def _open(connection: Connection, source: str, signal: Signal, rules: Rules, who: str) -> Published:
    now, _ = await surroundings.look_around(connection, ())
    draft = Draft(
        title=signal.title or f"A report from {source}",
        body=_words(signal),
        severity=signal.severity,
        audiences=rules.audiences,
        components=await _components(connection, signal),
        started_at=began(signal.started_at, now),
        metadata={"source": source, "key": signal.name, "link": line(signal.link)},
    )
    return await open_incident(connection, draft, rules.policy, rules.all, who)


async def _go_on(connection: Connection, known: Known, signal: Signal, rules: Rules, who: str) -> Result:
    if known.said == signal.said:
        return Result.UNCHANGED
    if known.is_taken_over:
        return Result.LEFT_TO_PEOPLE
    is_over = signal.told is Told.RESOLVED
    draft = Draft(
        title=signal.title or None,
        body=_words(signal),
        status=Status.RESOLVED if is_over else None,
        severity=None if is_over else signal.severity,
        components={} if is_over else await _components(connection, signal),
    )
    await add_update(connection, known.incident, draft, rules.policy, rules.all, who)
    return Result.RESOLVED if is_over else Result.UPDATED


async def _components(connection: Connection, signal: Signal) -> dict[str, ComponentStatus]:
    """Return how the components stand that a signal names; names that are none of ours say nothing."""
    known = await signals.components(connection, [one for one in signal.components if one.isprintable()])
    return dict.fromkeys(known, signal.component_status)


def _words(signal: Signal) -> str:
    return lines(signal.body or signal.title or "No more is known.", signal.link)
