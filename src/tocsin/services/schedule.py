"""Plans maintenances, and says more about them: on the way of every update, with when the clock comes to it next."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from tocsin.domain.audience import Audiences
from tocsin.domain.errors import NotFound, Refused
from tocsin.domain.incident import Status, move
from tocsin.domain.maintenance import SEVERITY, ByClock, Due, Window, moved, next_due, planned
from tocsin.domain.policy import Policy
from tocsin.domain.update import Draft
from tocsin.services.publish import Published, add_update, open_incident
from tocsin.store import maintenances as store
from tocsin.store import surroundings
from tocsin.store.engine import Connection
from tocsin.store.maintenances import Maintenance

NONE_SUCH: Final = "There is no maintenance {!r}. GET /v1/maintenances lists them."


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to change about a maintenance beside what is said of it. None: it stays."""

    starts_at: datetime | None = None
    ends_at: datetime | None = None
    auto_start: bool | None = None
    auto_complete: bool | None = None


async def schedule(
    connection: Connection, draft: Draft, by_clock: ByClock, policy: Policy, audiences: Audiences, created_by: str
) -> Published:
    """Write a new maintenance, planned for the window of `draft`; the caller commits, then hints."""
    ready, due = await first_word(connection, draft, by_clock)
    said = await open_incident(connection, ready, policy, audiences, created_by)
    await store.write(connection, said.incident_id, by_clock, due)
    return said


async def first_word(connection: Connection, draft: Draft, by_clock: ByClock) -> tuple[Draft, Due | None]:
    """Return what is said first of a new maintenance, and what the clock does next; raise Refused where it cannot be.

    One that begins at once is under way from its first word on.
    """
    assert draft.window is not None, "whoever plans says when"
    now, _ = await surroundings.look_around(connection, ())
    window = planned(draft.window, now)
    begins = by_clock.auto_start and window.starts_at <= now
    status = Status.IN_PROGRESS if begins else Status.SCHEDULED
    return replace(draft, status=status, severity=SEVERITY), next_due(status, window, by_clock, now)


async def say_more(
    connection: Connection, which: str, draft: Draft, asked: Asked, policy: Policy, audiences: Audiences, by: str
) -> Published:
    """Write the next version of a maintenance; raise IllegalMove or Conflict where it cannot go there."""
    found = await store.find_and_lock(connection, which)
    if found is None:
        raise no_maintenance(which)
    now, _ = await surroundings.look_around(connection, ())
    before = found.incident.latest.snapshot
    status = move(before.status, draft.status or before.status)
    window = moved(window_of(found), status, asked.starts_at, asked.ends_at, now)
    wanted = _wanted(found.by_clock, asked)
    due = next_due(status, window, wanted, now)
    if due is not None and status is not Status.SCHEDULED and due.at <= now:
        raise Refused(
            "This was to be over by now. Name a later scheduled_until, or say that it is completed.",
            field="scheduled_until",
        )
    said = await add_update(connection, found.incident.public_id, replace(draft, window=window), policy, audiences, by)
    await store.write(connection, said.incident_id, wanted, due)
    return said


def window_of(found: Maintenance) -> Window:
    """Return when a maintenance is planned for."""
    window = found.incident.latest.snapshot.window
    assert window is not None, "a constraint of the table"
    return window


def no_maintenance(which: str) -> NotFound:
    return NotFound(NONE_SUCH.format(which))


def _wanted(before: ByClock, asked: Asked) -> ByClock:
    return ByClock(
        before.auto_start if asked.auto_start is None else asked.auto_start,
        before.auto_complete if asked.auto_complete is None else asked.auto_complete,
        before.remind_before,
    )
