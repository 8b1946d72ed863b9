"""The live board of one update: how far it has come, by audience and channel, in words and parts of a bar."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from tocsin.domain.delivery import NOT_ELIGIBLE, State

# A bar's parts from left to right; what is left over waits.
DELIVERED = frozenset({State.DELIVERED})
SENT = frozenset({State.ACCEPTED})
HELD = frozenset({State.HELD})
FAILED = frozenset({State.FAILED, State.BOUNCED, State.EXPIRED, State.CANCELLED})
_MOVING = frozenset({State.PENDING, State.SENDING, State.UNKNOWN})

STATE_WORDS = {
    State.HELD: "held for later",
    State.PENDING: "waiting to be sent",
    State.SENDING: "being sent",
    State.UNKNOWN: "without an answer",
    State.ACCEPTED: "sent",
    State.DELIVERED: "delivered",
    State.BOUNCED: "came back",
    State.FAILED: "failed",
    State.SKIPPED: "not asked for",
    State.SUPPRESSED: "stopped",
    State.SUPERSEDED: "overtaken by a newer update",
    State.EXPIRED: "too late to send",
    State.CANCELLED: "cancelled",
}


@dataclass(slots=True)
class Cell:
    """Counts by state of one channel and audience, or of everything."""

    by_state: dict[State, int] = field(default_factory=dict[State, int])

    def add(self, state: State, count: int) -> None:
        self.by_state[state] = self.by_state.get(state, 0) + count

    def of(self, states: Iterable[State]) -> int:
        return sum(self.by_state.get(state, 0) for state in states)

    @property
    def eligible(self) -> int:
        return sum(count for state, count in self.by_state.items() if state not in NOT_ELIGIBLE)

    @property
    def heard(self) -> int:
        return self.of(DELIVERED | SENT)

    @property
    def is_done(self) -> bool:
        """Nothing moves any more; what is held waits for its time."""
        return self.of(_MOVING) == 0

    @property
    def parts(self) -> list[tuple[str, float, float]]:
        """Return (name, start, width) in percent of the bar."""
        whole = self.eligible or 1
        parts: list[tuple[str, float, float]] = []
        start = 0.0
        for name, states in (("done", DELIVERED), ("sent", SENT), ("held", HELD), ("failed", FAILED)):
            width = 100 * self.of(states) / whole
            if width:
                parts.append((name, round(start, 2), round(width, 2)))
            start += width
        return parts

    @property
    def words(self) -> str:
        """Return "9,950 of 10,000 sent, 30 held, 20 failed"."""
        return ", ".join(part for part in (self.sent_words, self.rest_words) if part)

    @property
    def sent_words(self) -> str:
        return f"{self.heard:,} of {self.eligible:,} sent"

    @property
    def rest_words(self) -> str:
        """Return what became of those who did not get it: "30 held, 20 failed"."""
        rest = ((HELD, "held"), (FAILED, "failed"), ({State.UNKNOWN}, "without an answer"))
        return ", ".join(f"{self.of(states):,} {words}" for states, words in rest if self.of(states))


@dataclass(frozen=True, slots=True)
class Board:
    audiences: list[str]
    channels: list[str]
    cells: dict[tuple[str, str], Cell]
    total: Cell

    @classmethod
    def of(cls, tallies: Iterable[tuple[str, str, str, int]]) -> Board:
        """Make a board of (channel, audience, state, count), the audiences in the order in which they come."""
        cells: dict[tuple[str, str], Cell] = {}
        total = Cell()
        for channel, audience, state, count in tallies:
            cells.setdefault((audience, channel), Cell()).add(State(state), count)
            total.add(State(state), count)
        audiences = list(dict.fromkeys(audience for audience, _ in cells))
        return cls(audiences, sorted({channel for _, channel in cells}), cells, total)

    def cell(self, audience: str, channel: str) -> Cell | None:
        return self.cells.get((audience, channel))
