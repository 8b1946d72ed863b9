"""Takes an update in: the facts and the promise to tell of them are written together, or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from tocsin.domain.audience import Audiences
from tocsin.domain.errors import Conflict, NotFound, Refused
from tocsin.domain.ids import new_public_id
from tocsin.domain.incident import is_urgent
from tocsin.domain.policy import Policy
from tocsin.domain.update import Draft, Snapshot, first, follow
from tocsin.store import incidents as store
from tocsin.store import surroundings, titles
from tocsin.store.engine import Connection

# Clocks differ a little; an incident that starts tomorrow is a maintenance.
_CLOCKS_DIFFER: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Published:
    """What the publisher is told: it cannot get lost any more."""

    incident_id: str
    ref: str
    version: int
    update_id: str
    is_public: bool
    is_owed: bool = True


async def open_incident(
    connection: Connection, draft: Draft, policy: Policy, audiences: Audiences, created_by: str
) -> Published:
    """Write a new incident with its first update; the caller commits, then hints."""
    snapshot, now = await plan_first(connection, draft, policy, audiences)
    public_id, update_id = new_public_id(), new_public_id()
    number = await store.insert(
        connection,
        public_id=public_id,
        update_public_id=update_id,
        snapshot=snapshot,
        started_at=draft.started_at or now,
        now=now,
        urgent=is_urgent(snapshot.status, snapshot.severity, policy.urgent),
        created_by=created_by,
    )
    return Published(public_id, f"INC-{number}", snapshot.version, update_id, snapshot.is_public, snapshot.is_owed)


async def add_update(
    connection: Connection, which: str, draft: Draft, policy: Policy, audiences: Audiences, created_by: str
) -> Published:
    """Write the next version of the incident with the id or ref `which`; two at once get consecutive versions."""
    incident = await store.find_and_lock(connection, which)
    if incident is None:
        raise no_incident(which)
    snapshot, now = await plan_next(connection, incident, draft, policy, audiences)
    update_id = new_public_id()
    await store.add(
        connection,
        incident,
        update_public_id=update_id,
        snapshot=snapshot,
        now=now,
        urgent=is_urgent(snapshot.status, snapshot.severity, policy.urgent),
        created_by=created_by,
    )
    return Published(
        incident.public_id, incident.ref, snapshot.version, update_id, snapshot.is_public, snapshot.is_owed
    )


async def plan_first(
    connection: Connection, draft: Draft, policy: Policy, audiences: Audiences
) -> tuple[Snapshot, datetime]:
    """Return what would open an incident, and the time; raise Refused where it cannot."""
    now, known = await surroundings.look_around(connection, draft.components)
    _check(draft, known, now)
    return first(draft, now, policy, audiences), now


async def plan_next(
    connection: Connection, incident: store.Incident, draft: Draft, policy: Policy, audiences: Audiences
) -> tuple[Snapshot, datetime]:
    """Return what would be the next version of `incident`, and the time; raise Refused where it cannot be."""
    if draft.window is None and incident.latest.snapshot.window is not None:
        raise Conflict(
            f"{incident.ref} is a maintenance. POST /v1/maintenances/{incident.public_id}/updates says more about it."
        )
    now, known = await surroundings.look_around(connection, draft.components)
    _check(draft, known, now)
    title_read_by = await titles.title_read_by(connection, incident)
    return follow(incident.latest.snapshot, draft, now, policy, audiences, title_read_by), now


def no_incident(which: str) -> NotFound:
    return NotFound(f"There is no incident {which!r}. GET /v1/incidents lists them.")


def _check(draft: Draft, known: set[str], now: datetime) -> None:
    for slug in draft.components:
        if slug not in known:
            raise Refused(
                f"There is no component {slug!r}. GET /v1/components lists them; POST /v1/components adds one.",
                field=f"components.{slug}",
            )
    if draft.started_at is not None and draft.started_at > now + _CLOCKS_DIFFER:
        raise Refused("This is in the future. Say when it began, or leave it out for now.", field="started_at")
