"""What is known of a provider: how much it is meant to carry, how it fares, and what operators want of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

FULL_HEALTH = 100


class Breaker(StrEnum):
    """Whether messages go to a provider."""

    CLOSED = "closed"  # they do
    OPEN = "open"  # none do; it is tried without sending now and then
    HALF_OPEN = "half_open"  # it answered, and the next small batch shows whether it carries


class Wish(StrEnum):
    """What operators want: that health decides, or that it does not."""

    AUTO = "auto"
    ON = "on"
    OFF = "off"


class Share(NamedTuple):
    """How much of a channel a provider is meant to carry; with 0 it stands by until nobody else can."""

    provider: str
    weight: int


@dataclass(frozen=True, slots=True)
class Condition:
    """How one provider stands; times are seconds of the database.

    `weight` is an operator's, None: as configured. `health` has 0 to 100 points and scales the weight. `trips` counts
    what went wrong since it was last well, and makes the waits longer. `next_try` is when an open one is asked again,
    or a half-open one may be given a batch. `shifted_at` is when points were last taken or given.
    """

    provider: str
    weight: int | None = None
    wish: Wish = Wish.AUTO
    health: int = FULL_HEALTH
    breaker: Breaker = Breaker.CLOSED
    trips: int = 0
    next_try: float = 0.0
    shifted_at: float = 0.0

    @property
    def is_used(self) -> bool:
        """Whether messages may go to it, those of a trial apart."""
        return self.wish is Wish.ON or (self.wish is Wish.AUTO and self.breaker is Breaker.CLOSED)

    @property
    def points(self) -> int:
        """Return its health as it counts: none while nothing goes to it, whatever it had before."""
        return self.health if self.is_used else 0

    def may_be_tried(self, now: float) -> bool:
        """Tell whether the next small batch may go to it, to see whether it carries again."""
        return self.wish is Wish.AUTO and self.breaker is Breaker.HALF_OPEN and self.next_try <= now

    def is_to_be_asked(self, now: float) -> bool:
        """Tell whether it is time to ask, without sending, whether it is back."""
        return self.wish is Wish.AUTO and self.breaker is Breaker.OPEN and self.next_try <= now
