"""What the store in memory is made of: persons with an endpoint each, rows that move by the table, leased buckets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from tocsin.domain import delivery
from tocsin.domain.channel import OnUnknown
from tocsin.domain.delivery import State
from tocsin.domain.errors import IllegalMove
from tocsin.domain.flood import Lanes, Pace, Tier, Waits
from tocsin.domain.incident import Severity
from tocsin.domain.outline import Rules
from tocsin.domain.patience import Patience

RULES = Rules(
    Lanes((Tier(3, 120.0), Tier(12, 1800.0)), (Tier(4, 30.0), Tier(15, 600.0))),
    Waits(5.0, 0.0, 30.0),
    Severity.SEV1,
    merges=True,
    on_unknown=OnUnknown.RESEND_ONCE,
)
PATIENCE = Patience(first=10.0, longest=300.0, total=86_400.0)
LEASE = 15.0
INSIDE, EVERYONE = 1, 3  # sets of audiences: who is further inside belongs to one alone


class Seen(NamedTuple):
    """A row as it is seen from outside; `timed`: it has a time at which it is due, `awaited`: a worker looks then."""

    state: State
    unknowns: int
    timed: bool
    awaited: bool


@dataclass
class Person:
    """One endpoint, in the bucket of its audience."""

    id: int
    audiences: int
    state: str = "active"
    pace: Pace = field(default_factory=Pace)
    rung_at: float = 0.0
    told: list[int] = field(default_factory=list[int])


@dataclass
class Entry:
    """One row of the ledger."""

    update: int
    endpoint: int
    state: State
    since: float
    due_at: float | None
    reason: str | None = None
    tries: int = 0
    unknowns: int = 0
    cleared: int = 0
    message: int | None = None
    named: bool = False  # by an attempt, since it was owed

    def move(self, to: State, reason: str | None = None, due_at: float | None = None) -> None:
        """Go to another state, as the database lets a row go."""
        if to is not self.state and to not in delivery.MOVES[self.state]:
            raise IllegalMove(f"{self.state} became {to}")
        self.state, self.reason, self.due_at = to, reason, due_at


@dataclass
class Bucket:
    live: dict[int, float] = field(default_factory=dict[int, float])
    gen: int = 0
    token: int | None = None
    lease_until: float = 0.0

    @property
    def due_at(self) -> float | None:
        return self.lease_until if self.token is not None else min(self.live.values(), default=None)
