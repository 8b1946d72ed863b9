"""Patience: how long to wait before the next try, and when to stop trying."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_OF_ITS_AGE: Final = 1 / 24
_SLOWEST: Final = 6 * 3600.0


@dataclass(frozen=True, slots=True)
class Patience:
    """Exponential back-off with full jitter between `first` and `longest` seconds; given up after `total`.

    What must not be given up goes on after that, waiting for a part of its age and for six hours at the most.
    """

    first: float = 10.0
    longest: float = 900.0
    total: float = 24 * 3600.0

    def wait(self, tries: int, chance: float, retry_after: float | None = None, age: float = 0.0) -> float:
        """Return the seconds to wait after try number `tries` (1, 2, …) of news that has been owed for `age` seconds.

        `chance` is a random number in [0, 1).

        Full jitter (AWS Architecture Blog, 2015), never below a second, and never below what the provider asked for.
        """
        ceiling = min(self.longest, self.first * 2.0 ** min(tries - 1, 20))
        if age >= self.total:
            ceiling = max(ceiling, min(age * _OF_ITS_AGE, _SLOWEST))
        waited = max(1.0, ceiling * chance)
        return waited if retry_after is None else max(waited, retry_after)

    def is_over(self, now: float, since: float) -> bool:
        """Tell whether news that was owed since `since` is no longer worth a try."""
        return now - since >= self.total
