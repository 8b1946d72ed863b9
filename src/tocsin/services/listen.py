"""Listens to a channel while it sends a batch: results are kept here, and in this process's journal as they come."""

from __future__ import annotations

import time
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from tocsin.domain.answers import plain
from tocsin.domain.channel import Result
from tocsin.domain.outline import Planned
from tocsin.domain.tally import Stopwatch
from tocsin.journal.writer import Part


class LeaseRanOut(Exception):
    """Nothing more may begin: whoever has the buckets now may have sent something newer."""


@dataclass(slots=True)
class Hold:
    """Until when a lease surely lasts, on a clock that goes on while this process is stopped."""

    until: float
    is_given_up: bool = False  # whoever takes over was told so: a renewal that comes late changes nothing

    @property
    def is_over(self) -> bool:
        return self.is_given_up or time.monotonic() >= self.until


class Listener:
    """`domain.answers.Answers` about the messages that are `going`, by their places among the results."""

    def __init__(
        self, results: list[Result | None], going: Sequence[int], watch: Stopwatch, part: Part | None, hold: Hold
    ) -> None:
        self._results = results
        self._going = going
        self._watch = watch
        self._part = part
        self._hold = hold
        self._begun: set[int] | None = None  # None: all of them may have

    def __call__(self, index: int, result: Result) -> None:
        at, result = self._going[index], plain(result)
        self._results[at] = result
        self._watch.heard(time.monotonic())
        if self._part is not None:
            self._part.answered(at, result)

    def each_begins(self) -> None:
        if self._begun is None:
            self._begun = set()
        if self._part is not None:
            self._part.each_begins()

    def begins(self, indexes: Sequence[int]) -> None:
        if self._hold.is_over:
            self._give_up()
            raise LeaseRanOut("The lease ran out while this process stood still.")
        begun = [self._going[index] for index in indexes]
        if self._begun is not None:
            self._begun.update(begun)
        if self._part is not None and begun:
            self._part.begins(begun)

    def _give_up(self) -> None:
        if not self._hold.is_given_up:
            self._hold.is_given_up = True
            if self._part is not None:
                self._part.ends()

    def may_have_begun(self, at: int) -> bool:
        return self._begun is None or at in self._begun


def seal_of_plan(started_at: float, planned: Sequence[Planned]) -> bytes:
    """Return the digest of an attempt that is about to be sent."""
    rows = [(row.endpoint_id, row.update_id, message.message) for message in planned for row in message.rows]
    endpoints, updates, messages = zip(*rows, strict=True)
    return seal_of(started_at, endpoints, updates, messages)


def seal_of(started_at: float, endpoints: Sequence[int], updates: Sequence[int], messages: Sequence[int]) -> bytes:
    """Return a digest of an attempt by its columns, so that no other one's answers are taken for its own."""
    columns = (array("q", column).tobytes() for column in (endpoints, updates, messages))
    return blake2b(b"".join((array("d", [started_at]).tobytes(), *columns)), digest_size=16).digest()
