"""Incidents: how severe they are, the life they lead, and what one update of them is called."""

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

    @property
    def is_open(self) -> bool:
        # By identity: this is asked millions of times, and an enum's hash is slow.
        return self is not _RESOLVED and self is not _POSTMORTEM


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

_RESOLVED, _POSTMORTEM = Status.RESOLVED, Status.POSTMORTEM
_OPEN = frozenset({Status.INVESTIGATING, Status.IDENTIFIED, Status.MONITORING})
_MOVES: dict[Status, frozenset[Status]] = {
    Status.INVESTIGATING: _OPEN | {Status.RESOLVED},
    Status.IDENTIFIED: _OPEN | {Status.RESOLVED},
    Status.MONITORING: _OPEN | {Status.RESOLVED},
    Status.RESOLVED: frozenset({Status.INVESTIGATING, Status.POSTMORTEM, Status.RESOLVED}),
    Status.POSTMORTEM: frozenset({Status.INVESTIGATING, Status.POSTMORTEM}),
}


def move(now: Status, to: Status) -> Status:
    """Return `to`; raise IllegalMove, naming the legal moves, where an incident in `now` cannot go there."""
    if to in _MOVES[now]:
        return to
    legal = ", ".join(status.value for status in Status if status in _MOVES[now])
    raise IllegalMove(
        f"An incident that is {now} cannot become {to}. From here it can become: {legal}.", field="status"
    )


@dataclass(frozen=True, slots=True)
class Standing:
    """How an incident stands after one update: what rules about people and pace look at."""

    status: Status
    severity: Severity

    @property
    def is_open(self) -> bool:
        return self.status is not _RESOLVED and self.status is not _POSTMORTEM


def phase(before: Standing | None, after: Standing) -> Phase:
    """Return what the step from `before` (None: there was nothing) to `after` is to those who follow."""
    if after.status is Status.POSTMORTEM:
        return Phase.POSTMORTEM
    if not after.is_open:
        return Phase.RESOLVED
    if before is None or not before.is_open:
        return Phase.OPENED
    if after.severity < before.severity:
        return Phase.ESCALATED
    return Phase.UPDATE
