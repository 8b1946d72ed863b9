"""How providers' codes become decisions: one table a provider, and what is not in it is tried again and says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tocsin.domain.errors import DeliveryError, TryAgain
from tocsin.domain.printable import printable

_LARGEST_KEPT: Final = 32_767  # the ledger keeps small numbers; a larger one is in the note alone

NO_CODE: Final = "none"  # what a refusal without a code is counted by


@dataclass(frozen=True, slots=True)
class Code:
    """What a code means, and what to do next about a message that was refused with it."""

    meaning: str
    decision: type[DeliveryError]


@dataclass(frozen=True, slots=True)
class Table:
    """`provider` is the name that operators know, `codes` what is known of its codes."""

    provider: str
    codes: Mapping[int, Code]

    def refusal(self, code: int | None, words: str, *, retry_after: float | None = None) -> DeliveryError:
        """Return what to do about a message that the provider refused with `code` and its own `words`."""
        known = None if code is None else self.codes.get(code)
        note = self.note(code, words)
        kept = code if code is not None and abs(code) <= _LARGEST_KEPT else None
        if known is None:
            return TryAgain(note, code=kept, retry_after=retry_after, unlisted=NO_CODE if code is None else str(code))
        if issubclass(known.decision, TryAgain):
            return known.decision(note, code=kept, retry_after=retry_after)
        return known.decision(note, code=kept)

    def note(self, code: int | None, words: str) -> str:
        """Return what an operator reads of a refusal: one printable line."""
        known = None if code is None else self.codes.get(code)
        said = printable(words)
        named = self.provider if code is None else f"{self.provider} {code}"
        if known is not None:
            return f"{named}: {known.meaning}" + (f" ({said})" if said else "")
        unknown = "gave no code that we know, so it is tried again" if code is not None else "gave no code"
        return f"{named}: {said or 'no words'} [{unknown}]"
