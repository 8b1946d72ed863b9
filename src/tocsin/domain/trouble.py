"""Trouble: an address that takes nothing. Its owner is told at another one, and after days of it nothing goes there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

# Fewer failures, or all of them within less time, are a receiver that restarts: nobody is told.
TELL_AFTER_FAILURES: Final = 4
TELL_AFTER_SECONDS: Final = 3600.0
# From being told to being disabled there are at least so many seconds to mend it.
NOTICE_SECONDS: Final = 24 * 3600.0
DISABLE_AFTER_HOURS: Final = 120.0


@dataclass(frozen=True, slots=True)
class Trouble:
    """An address that failed at `since`, `last` and in between, and took nothing; times are seconds since the epoch.

    `note` is what the last failure said, `told_at` when its owner was told, `looked_at` when another address to tell
    them at was last looked for.
    """

    since: float
    last: float
    failures: int
    note: str
    told_at: float | None
    looked_at: float | None

    @property
    def is_lasting(self) -> bool:
        return self.failures >= TELL_AFTER_FAILURES and self.last - self.since >= TELL_AFTER_SECONDS

    def words(self, shown: Callable[[float], str]) -> str:
        """Return how it stands, for an operator; `shown` writes a time."""
        failures = "1 failure" if self.failures == 1 else f"{self.failures} failures"
        said = f"{failures} since {shown(self.since)} and nothing taken. The last one: {self.note.rstrip('.')}."
        if self.told_at is not None:
            return f"{said} Its owner was told at {shown(self.told_at)}."
        if self.looked_at is not None:
            return f"{said} Its owner could not be told at another address."
        return said

    def disabled_because(self, shown: Callable[[float], str]) -> str:
        """Return why nothing is sent there any more."""
        return f"Disabled at {shown(self.last)}. {self.words(shown)}"


def disabled_at(since: float, told_at: float, after: float) -> float:
    """Return when an address that goes on failing is disabled, at the earliest; `after` is in seconds."""
    return max(since + after, told_at + NOTICE_SECONDS)
