"""Incidents and maintenances: how severe they are, the life they lead, and what one update of them is called.

A maintenance is told of like an incident and on the same way; its life is another: it is planned, and the clock moves
it on.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, IntFlag, StrEnum, auto

from tocsin.domain.errors import IllegalMove


class Severity(IntEnum):
    """sev1 is the gravest, so a smaller number is worse."""

    SEV1 = 1
    SEV2 = 2
    SEV3 = 3
    SEV4 = 4

    @property
    def label(self) -> str:
        return f"sev{int(self)}"

    @classmethod
    def parse(cls, label: str) -> Severity:
        return cls[label.upper()]


class Impact(StrEnum):
    NONE = "none"
    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"


class Kind(StrEnum):
    STANDARD = "standard"
    SECURITY = "security"
    DATA_LOSS = "data_loss"


class Status(StrEnum):
    INVESTIGATING = "investigating"
    IDENTIFIED = "identified"
    MONITORING = "monitoring"
    RESOLVED = "resolved"
    POSTMORTEM = "postmortem"
    SCHEDULED = "scheduled"
    IN_PROGRESS = "in_progress"
    VERIFYING = "verifying"
    COMPLETED = "completed"
    CANCELLED = "cancelled"

    # Kept with each status and not worked out: these are asked millions of times, and an enum's hash is slow.
    is_open: bool
    is_maintenance: bool

    def __init__(self, name: str) -> None:
        self.is_open = name not in {"resolved", "postmortem", "completed", "cancelled"}
        self.is_maintenance = name in {"scheduled", "in_progress", "verifying", "completed", "cancelled"}


INCIDENT_STATUSES = tuple(status for status in Status if not status.is_maintenance)
MAINTENANCE_STATUSES = tuple(status for status in Status if status.is_maintenance)
OPEN_INCIDENTS = tuple(status for status in INCIDENT_STATUSES if status.is_open)
PAST_INCIDENTS = tuple(status for status in INCIDENT_STATUSES if not status.is_open)


class Phase(IntFlag):
    """What an update is to somebody who follows the incident; a subscriber's phases are a set of these."""

    OPENED = auto()
    ESCALATED = auto()
    UPDATE = auto()
    RESOLVED = auto()
    MAINTENANCE = auto()
    POSTMORTEM = auto()

    @property
    def label(self) -> str:
        assert self.name is not None
        return self.name.lower()


ALL_PHASES = Phase.OPENED | Phase.ESCALATED | Phase.UPDATE | Phase.RESOLVED | Phase.MAINTENANCE | Phase.POSTMORTEM

_OPEN = frozenset(OPEN_INCIDENTS)
_UNDER_WAY = frozenset({Status.IN_PROGRESS, Status.VERIFYING, Status.COMPLETED, Status.CANCELLED})
_MOVES: dict[Status, frozenset[Status]] = {
    Status.INVESTIGATING: _OPEN | {Status.RESOLVED},
    Status.IDENTIFIED: _OPEN | {Status.RESOLVED},
    Status.MONITORING: _OPEN | {Status.RESOLVED},
    Status.RESOLVED: frozenset({Status.INVESTIGATING, Status.POSTMORTEM, Status.RESOLVED}),
    Status.POSTMORTEM: frozenset({Status.INVESTIGATING, Status.POSTMORTEM}),
    Status.SCHEDULED: frozenset({Status.SCHEDULED, Status.IN_PROGRESS, Status.CANCELLED}),
    Status.IN_PROGRESS: _UNDER_WAY,
    Status.VERIFYING: _UNDER_WAY,
    Status.COMPLETED: frozenset({Status.COMPLETED}),
    Status.CANCELLED: frozenset({Status.CANCELLED}),
}


def move(now: Status, to: Status) -> Status:
    """Return `to`; raise IllegalMove, naming the legal moves, where what is in `now` cannot go there."""
    if to in _MOVES[now]:
        return to
    legal = ", ".join(moves(now))
    what = "A maintenance" if now.is_maintenance else "An incident"
    raise IllegalMove(f"{what} that is {now} cannot become {to}. From here it can become: {legal}.", field="status")


def moves(now: Status) -> list[Status]:
    """Return where what is in `now` can go, itself included where more can be said of it."""
    return [status for status in Status if status in _MOVES[now]]


def is_urgent(status: Status, severity: Severity, urgent: Severity) -> bool:
    """Tell whether news goes in the urgent lane, where `urgent` and worse does; what was planned never does."""
    return severity <= urgent and not status.is_maintenance


@dataclass(frozen=True, slots=True)
class Standing:
    """How an incident stands after one update: what rules about people and pace look at."""

    status: Status
    severity: Severity

    @property
    def is_open(self) -> bool:
        return self.status.is_open


def phase(before: Standing | None, after: Standing) -> Phase:
    """Return what the step from `before` (None: there was nothing) to `after` is to those who follow."""
    if after.status.is_maintenance:
        return Phase.MAINTENANCE
    if after.status is Status.POSTMORTEM:
        return Phase.POSTMORTEM
    if not after.is_open:
        return Phase.RESOLVED
    if before is None or not before.is_open:
        return Phase.OPENED
    if after.severity < before.severity:
        return Phase.ESCALATED
    return Phase.UPDATE
