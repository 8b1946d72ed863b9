"""What the core hears while a channel sends: what came of each message and, from who can tell, which one is next.

A channel that says before each message that it begins spares the others a label: of those that it never began nothing
can have arrived, whatever becomes of its process.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from tocsin.domain.channel import Accepted, Answered, Result
from tocsin.domain.errors import CODES
from tocsin.domain.printable import printable

Begins = Callable[[Sequence[int]], None]


@runtime_checkable
class Answers(Protocol):
    """`Answered`, and more for those that ask."""

    def __call__(self, index: int, result: Result) -> None: ...

    def each_begins(self) -> None:
        """Promise that `begins` is told of every message before anything of it that could arrive goes out."""
        ...

    def begins(self, indexes: Sequence[int]) -> None:
        """Say that these messages may go out from now on; raise where nothing may any more, not even what began."""
        ...


def plain(result: Result) -> Result:
    """Return an answer as it can be kept: what nobody can write down must not cost the answers of a whole batch."""
    if not isinstance(result, Accepted):
        return result  # an error sees to its own words
    if result.code is not None and result.code not in CODES:
        result = result._replace(code=None)
    if all(words.isprintable() for words in (result.provider_id, result.note, result.thread)):
        return result
    named, note, thread = (printable(words) for words in (result.provider_id, result.note, result.thread))
    return result._replace(provider_id=named, note=note, thread=thread)


def begins_of(answered: Answered) -> Begins:
    """Give the promise of `each_begins` for a whole `send`, and return whom to tell.

    Only for who sends every message of the batch by themselves: what goes to somebody else must begin here first.
    """
    if isinstance(answered, Answers):
        answered.each_begins()
        return answered.begins
    return _nobody


def _nobody(indexes: Sequence[int]) -> None:
    del indexes
