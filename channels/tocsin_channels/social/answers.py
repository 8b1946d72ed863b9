"""What a network's refusal means for the post and for us: the form that each network's own table has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from tocsin.domain.errors import DeliveryError, GiveUp, ProviderDown, TooFast, TryAgain
from tocsin.domain.printable import printable

_LONGEST_WAIT: Final = 86_400.0  # the longest limits are a day's


class Meaning(Enum):
    """What comes of a refusal, where that isn't one of the errors."""

    ALREADY_THERE = auto()  # this very post was made before
    SIGN_IN_AGAIN = auto()  # our session has ended
    THREAD_GONE = auto()  # what it replies to is there no more: it begins a thread


Kind = type[TryAgain] | type[TooFast] | type[GiveUp] | type[ProviderDown] | Meaning


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table: the HTTP status, words in the answer ("" for any, in lower case), and what they mean.

    `mend` is what an operator can do about it, where anything.
    """

    status: int
    words: str
    kind: Kind
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a network said; `text` is shortened, `wait` are the seconds until its limit opens, where it said so."""

    status: int
    text: str
    wait: float | None = None

    @property
    def note(self) -> str:
        """Return the network's words as one printable line of bounded length."""
        return printable(f"{self.status} {self.text}")


def read_table(table: Sequence[Row], answer: Answer, network: str) -> DeliveryError | Meaning:
    """Return what the first row that fits says; a refusal that no row knows may pass, and its note says so."""
    said = answer.text.lower()
    row = next((row for row in table if row.status == answer.status and row.words in said), None)
    wait = None if answer.wait is None else min(answer.wait, _LONGEST_WAIT)
    if row is None:
        note = f"{network} refused: {answer.note} (an answer that is not in our table)"
        return TryAgain(note, code=answer.status, retry_after=wait, unlisted=str(answer.status))
    kind = row.kind
    if isinstance(kind, Meaning):
        return kind
    mend = f". {row.mend}" if row.mend else ""
    note = f"{network} refused: {answer.note.rstrip('.') if mend else answer.note}{mend}"
    if kind is TryAgain or kind is TooFast:
        return kind(note, code=answer.status, retry_after=wait)
    return kind(note, code=answer.status)
