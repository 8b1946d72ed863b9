"""What may begin: nothing, once a lease ran out and whoever takes over was told so."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tocsin.domain.channel import Result
from tocsin.domain.tally import Stopwatch
from tocsin.journal.reader import recall
from tocsin.journal.writer import Journal
from tocsin.services.listen import Hold, LeaseRanOut, Listener

SEAL = b"who is in it 16b"


def test_a_renewal_that_comes_late_lets_nothing_begin_any_more(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "somewhere/5")
    part = journal.part()
    assert part is not None
    part.opens(7, SEAL, 3)
    hold = Hold(time.monotonic() + 60)
    results: list[Result | None] = [None] * 3
    listener = Listener(results, range(3), Stopwatch(0.0), part, hold)
    listener.each_begins()
    listener.begins([0])
    hold.until = time.monotonic()
    with pytest.raises(LeaseRanOut):
        listener.begins([1])
    assert recall(tmp_path, part.name, "somewhere/5", 7, SEAL).begun == frozenset({0})
    hold.until = time.monotonic() + 60
    with pytest.raises(LeaseRanOut):
        listener.begins([2])
    assert hold.is_over
    assert [listener.may_have_begun(at) for at in range(3)] == [True, False, False]
