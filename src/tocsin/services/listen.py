"""Listens to a channel while it sends a batch: results are kept here, and in this process's journal as they come."""

from __future__ import annotations

import time
from array import array
from collections.abc import Sequence
from hashlib import blake2b

from tocsin.domain.channel import Answered, Result
from tocsin.domain.outline import Planned
from tocsin.domain.tally import Stopwatch
from tocsin.journal.writer import Part


def listen(results: list[Result | None], going: Sequence[int], watch: Stopwatch, part: Part | None) -> Answered:
    """Return who hears of the messages that are `going`, by their places among the results."""
    if part is not None:
        return _Listener(results, going, watch, part)

    def answered(index: int, result: Result) -> None:
        results[going[index]] = result
        watch.heard(time.monotonic())

    return answered


class _Listener:
    """`domain.answers.Answers`."""

    def __init__(self, results: list[Result | None], going: Sequence[int], watch: Stopwatch, part: Part) -> None:
        self._results = results
        self._going = going
        self._watch = watch
        self._part = part

    def __call__(self, index: int, result: Result) -> None:
        at = self._going[index]
        self._results[at] = result
        self._watch.heard(time.monotonic())
        self._part.answered(at, result)

    def each_begins(self) -> None:
        self._part.each_begins()

    def begins(self, indexes: Sequence[int]) -> None:
        self._part.begins([self._going[index] for index in indexes])


def seal_of_plan(started_at: float, planned: Sequence[Planned]) -> bytes:
    """Return the digest of an attempt that is about to be sent."""
    rows = [(row.endpoint_id, row.update_id, message.message) for message in planned for row in message.rows]
    endpoints, updates, messages = zip(*rows, strict=True)
    return seal_of(started_at, endpoints, updates, messages)


def seal_of(started_at: float, endpoints: Sequence[int], updates: Sequence[int], messages: Sequence[int]) -> bytes:
    """Return a digest of an attempt by its columns, so that no other one's answers are taken for its own."""
    columns = (array("q", column).tobytes() for column in (endpoints, updates, messages))
    return blake2b(b"".join((array("d", [started_at]).tobytes(), *columns)), digest_size=16).digest()
