"""How big and how long faults are: small within `make test`, as in a bad night within `make faults`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """`people` have mail; `few` there are on each other channel. Seconds are real ones."""

    people: int
    few: int
    lease: float  # of a worker that fell silent
    kills: int  # each in a version of its own
    broker_down: float
    broker_kills: int
    frozen: float  # a broker that does not answer
    posts_while_frozen: int
    hanging: float  # a provider that never answers
    retry_after: int
    answer_seconds: float  # a mail server's time to answer: what is in flight stays so for a while

    @property
    def within_lease(self) -> float:
        """Return the seconds within which a killed worker's work goes out: a lease as delivered, and five."""
        return 15.0 + 5.0


QUICK = Scale(
    people=600,
    few=12,
    lease=5.0,
    kills=2,
    broker_down=2.0,
    broker_kills=3,
    frozen=2.0,
    posts_while_frozen=60,
    hanging=3.0,
    retry_after=2,
    answer_seconds=0.04,
)
LONG = Scale(
    people=3_000,
    few=50,
    lease=15.0,
    kills=2,
    broker_down=300.0,
    broker_kills=10,
    frozen=60.0,
    posts_while_frozen=400,
    hanging=600.0,
    retry_after=120,
    answer_seconds=0.02,
)
WITHIN_HINT = 10.0  # seconds in which a lost hint, or a broker that came back, is made good
