"""How carriers' codes become decisions: one table a carrier, and what is not in it is tried again and says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tocsin.domain.errors import DeliveryError, TryAgain
from tocsin.domain.printable import printable


@dataclass(frozen=True, slots=True)
class Code:
    """What a code means, and what to do next about a message that was refused with it."""

    meaning: str
    decision: type[DeliveryError]


@dataclass(frozen=True, slots=True)
class Table:
    """`carrier` is the name that operators know, `codes` what is known of its codes."""

    carrier: str
    codes: Mapping[str, Code]

    def refusal(
        self, key: str, words: str, *, status: int | None = None, retry_after: float | None = None
    ) -> DeliveryError:
        """Return what to do about a message that was refused with the code `key` and the carrier's own `words`."""
        known = self.codes.get(key)
        note = self.note(key, words)
        if known is None:
            return TryAgain(note, code=status, retry_after=retry_after, unlisted=key)
        if issubclass(known.decision, TryAgain):
            return known.decision(note, code=status, retry_after=retry_after)
        return known.decision(note, code=status)

    def note(self, key: str, words: str) -> str:
        """Return what an operator reads of a refusal: one printable line."""
        known = self.codes.get(key)
        said = printable(words)
        if known is not None:
            return f"{self.carrier} {key}: {known.meaning}" + (f" ({said})" if said else "")
        return f"{self.carrier} {key}: {said or 'no words'} [no code that we know, so it is tried again]"
