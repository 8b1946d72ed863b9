"""What came of the messages that a provider was given lately, counted: the evidence that it is judged by."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tocsin.domain.channel import Accepted, Result
from tocsin.domain.errors import Ambiguous, AskAgain, ProviderDown, TooFast, TryAgain

# An answer that comes after so long a silence is slow, and so is what comes in the same breath.
SILENCE_SECONDS = 5.0
BREATH_SECONDS = 1.0
# What SMTP and HTTP answer to a message that may come again: whoever answers so is there.
_PUTS_OFF = range(400, 500)


class Tally(NamedTuple):
    """How many messages got which answer; `seconds` add up until the first answer of each of `batches`.

    `good` was answered for the message itself, be it yes or no. `faults` are ours: authentication, reputation, quota.
    `errors` are the provider's or the network's. `slow` are among the others, or were put off by the provider.
    """

    good: int = 0
    faults: int = 0
    errors: int = 0
    slow: int = 0
    seconds: float = 0.0
    batches: int = 0

    def plus(self, other: Tally) -> Tally:
        return Tally(
            self.good + other.good,
            self.faults + other.faults,
            self.errors + other.errors,
            self.slow + other.slow,
            self.seconds + other.seconds,
            self.batches + other.batches,
        )

    @property
    def bad(self) -> int:
        return self.faults + self.errors

    @property
    def total(self) -> int:
        return max(0, self.good) + self.bad

    @property
    def latency(self) -> float | None:
        """Return the mean seconds until the first answer of a batch, None where there was no batch."""
        return self.seconds / self.batches if self.batches else None


NOTHING = Tally()


def count(results: Iterable[Result], slow: int = 0, seconds: float = 0.0) -> Tally:
    """Count the answers of one batch, whose first one took `seconds`."""
    good = faults = errors = put_off = 0
    for result in results:
        if isinstance(result, TooFast):
            continue  # nothing is wrong with it, and its gate is closed for a while
        if (isinstance(result, AskAgain) and result.elsewhere) or (isinstance(result, Accepted) and result.by):
            continue  # another provider was asked
        if isinstance(result, ProviderDown):
            faults += 1
        elif isinstance(result, TryAgain) and (result.retry_after is not None or result.code in _PUTS_OFF):
            put_off += 1  # it lives, and will take this later: a mailbox may be full, or grey-listed
        elif isinstance(result, TryAgain | Ambiguous):
            errors += 1
        else:
            good += 1
    return Tally(good + put_off, faults, errors, min(slow, good) + put_off, seconds, 1)


class Stopwatch:
    """Times the answers of one batch: not how long it takes, which its size and its pace decide, but the silences."""

    __slots__ = ("_last", "_slow_until", "began", "first", "slow")

    def __init__(self, now: float) -> None:
        self.began = now
        self.first: float | None = None
        self.slow = 0
        self._last = now
        self._slow_until = now

    def heard(self, now: float) -> None:
        """Take note that one message was answered for."""
        if self.first is None:
            self.first = now
        if now - self._last > SILENCE_SECONDS:
            self._slow_until = now + BREATH_SECONDS
        if now < self._slow_until:
            self.slow += 1
        self._last = now


def alike(results: Sequence[Result]) -> str:
    """Return what a provider answered to all of a batch alike; empty where it took some, or told them apart.

    What many are answered alike is about the provider; what one is answered may name a recipient.
    """
    notes = {one.note for one in results}
    failed = all(isinstance(one, ProviderDown | TryAgain) for one in results)
    return notes.pop() if len(results) > 1 and failed and len(notes) == 1 else ""
