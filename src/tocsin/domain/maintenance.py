"""Maintenances: when they are planned for, how their components stand meanwhile, and what the clock does by itself.

All times are moments in UTC: a window is as long as it says, whatever clocks on walls do meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, StrEnum
from typing import Final, NamedTuple

from tocsin.domain.component import ComponentStatus
from tocsin.domain.errors import Conflict, Refused
from tocsin.domain.incident import Severity, Status

# What was planned is told like the least severe of incidents: the policy's cells for that say who hears of it.
SEVERITY: Final = Severity.SEV4
LONGEST: Final = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Window:
    """When a maintenance is planned for."""

    starts_at: datetime
    ends_at: datetime

    @property
    def is_one_day(self) -> bool:
        return self.starts_at.astimezone(UTC).date() == self.ends_at.astimezone(UTC).date()


@dataclass(frozen=True, slots=True)
class ByClock:
    """What happens without anybody: that it begins, that it ends, and a reminder before (zero: none)."""

    auto_start: bool
    auto_complete: bool
    remind_before: timedelta


class Step(Enum):
    REMIND = Status.SCHEDULED
    START = Status.IN_PROGRESS
    COMPLETE = Status.COMPLETED


class Due(NamedTuple):
    step: Step
    at: datetime


class Times(StrEnum):
    """The lists that there are of maintenances."""

    UPCOMING = "upcoming"
    ACTIVE = "active"
    PAST = "past"

    @property
    def statuses(self) -> tuple[Status, ...]:
        return _STATUSES[self]


_STATUSES: Final = {
    Times.UPCOMING: (Status.SCHEDULED,),
    Times.ACTIVE: (Status.IN_PROGRESS, Status.VERIFYING),
    Times.PAST: (Status.COMPLETED, Status.CANCELLED),
}


def is_under_way(status: Status) -> bool:
    return status in _STATUSES[Times.ACTIVE]


def components_in(status: Status, slugs: Iterable[str]) -> dict[str, ComponentStatus]:
    """Return what a maintenance says of its components: nothing is wrong with them but while it is under way.

    What an incident says of one meanwhile is graver, and shown; what was set by hand is shown again when this is over.
    """
    return dict.fromkeys(
        slugs, ComponentStatus.UNDER_MAINTENANCE if is_under_way(status) else ComponentStatus.OPERATIONAL
    )


def planned(window: Window, now: datetime) -> Window:
    """Return the window of a new maintenance; raise Refused where it cannot be."""
    if window.ends_at <= window.starts_at:
        raise Refused("This is not after scheduled_for. Say when it is going to be over.", field="scheduled_until")
    if window.ends_at <= now:
        raise Refused("This is over already. Name a time to come.", field="scheduled_until")
    if window.ends_at - window.starts_at > LONGEST:
        raise Refused(
            f"This is more than {LONGEST.days} days after scheduled_for. Check both.", field="scheduled_until"
        )
    return window


def moved(
    before: Window, status: Status, starts_at: datetime | None, ends_at: datetime | None, now: datetime
) -> Window:
    """Return the window after an update of a maintenance in `status`; None: that time stays.

    What has begun keeps its beginning, and what is over keeps both.
    """
    after = Window(starts_at or before.starts_at, ends_at or before.ends_at)
    if after == before:
        return before
    if not status.is_open:
        raise Conflict(f"A maintenance that is {status} is not moved. Leave the times out, or schedule another one.")
    if status is not Status.SCHEDULED and after.starts_at != before.starts_at:
        raise Conflict(
            f"A maintenance that is {status} has begun: only scheduled_until moves. Cancel it and schedule another one."
        )
    return planned(after, now)


def next_due(status: Status, window: Window, wanted: ByClock, said_at: datetime) -> Due | None:
    """Return what the clock does next, `said_at` being when the last word was said; None: it waits for people."""
    if status is Status.SCHEDULED:
        remind_at = window.starts_at - wanted.remind_before
        if said_at < remind_at < window.starts_at:
            return Due(Step.REMIND, remind_at)
        return Due(Step.START, window.starts_at) if wanted.auto_start else None
    if is_under_way(status) and wanted.auto_complete:
        return Due(Step.COMPLETE, window.ends_at)
    return None


def due_now(status: Status, window: Window, wanted: ByClock, said_at: datetime, now: datetime) -> Step | None:
    """Return what the clock does now; a reminder that comes after the beginning is left out."""
    due = next_due(status, window, wanted, said_at)
    if due is not None and due.step is Step.REMIND and window.starts_at <= now:
        due = next_due(status, window, wanted, now)
    return due.step if due is not None and due.at <= now else None
