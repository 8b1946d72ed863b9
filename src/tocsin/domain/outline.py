"""What a plan is made of: messages, rows that get none, what is looked at again, and the rules that decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from tocsin.domain.channel import OnUnknown
from tocsin.domain.delivery import Reason, State
from tocsin.domain.flood import NEVER, Lanes, Pace, Waits
from tocsin.domain.incident import Phase, Severity
from tocsin.domain.rows import Row
from tocsin.domain.terms import Terms

_HELD = State.HELD


class Planned(NamedTuple):
    """One message to one endpoint: which rows it tells, and what the endpoint's pace and told are once it is out."""

    rows: tuple[Row, ...]
    message: int
    pace: Pace
    told: list[int]


class Change(NamedTuple):
    """A row that gets no message now: held until `due_at`, or ended for `reason`."""

    row: Row
    state: State
    reason: Reason
    due_at: float | None


@dataclass(slots=True)
class Plan:
    """`waiting` has, for each bucket, the updates that still have unfinished rows and when to look at them again."""

    messages: list[Planned] = field(default_factory=list[Planned])
    changes: list[Change] = field(default_factory=list[Change])
    waiting: dict[int, dict[int, float]] = field(default_factory=dict[int, dict[int, float]])

    def wait(self, row: Row, until: float) -> None:
        """See to it that a row is looked at again at `until`, or sooner."""
        bucket = self.waiting.get(row.bucket_id)
        if bucket is None:
            bucket = self.waiting[row.bucket_id] = {}
        if until <= bucket.get(row.update_id, NEVER):
            bucket[row.update_id] = until

    def hold(self, row: Row, reason: Reason, until: float) -> None:
        """Let a row wait, and write that down where it is news."""
        self.wait(row, until)
        if row.due_at != until or row.state != _HELD or row.reason != reason:
            self.changes.append(Change(row, _HELD, reason, until))


@dataclass(frozen=True, slots=True)
class Rules:
    """What a channel and the policy say about every endpoint; `lanes` is None where nothing is paced.

    `terms` has what is particular to an audience, by its id; `deadlines`, after how many seconds news of a phase is not
    worth telling any more.
    """

    lanes: Lanes | None
    waits: Waits
    urgent: Severity
    merges: bool
    on_unknown: OnUnknown
    terms: Mapping[int, Terms] = field(default_factory=dict[int, Terms])
    deadlines: Mapping[Phase, float] = field(default_factory=dict[Phase, float])
