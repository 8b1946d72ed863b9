"""What the core hears while a channel sends: what came of each message and, from who can tell, which one is next.

A channel that says before each message that it begins spares the others a label: of those that it never began nothing
can have arrived, whatever becomes of its process.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from tocsin.domain.channel import Answered, Result

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
