"""Keeping a journal: when another file begins, and what becomes of one that cannot be begun."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tocsin.journal import file
from tocsin.journal.writer import Journal


def refuses(*_: object) -> None:
    raise OSError("no locks here")


def test_a_file_has_no_more_attempts_than_it_can_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file, "_MOST_SLOTS", 2)
    journal = Journal(tmp_path, "somewhere/5")
    names: list[str] = []
    for token in range(5):
        part = journal.part()
        assert part is not None
        part.opens(token, b"who is in it 16b", 5)
        names.append(part.name)
    assert [names.count(name) for name in dict.fromkeys(names)] == [2, 2, 1]


def test_a_file_that_cannot_be_begun_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fcntl.flock", refuses)
    assert Journal(tmp_path, "somewhere/5").part() is None
    assert list(tmp_path.iterdir()) == []


def test_a_journal_that_could_not_be_kept_is_tried_again_after_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path, "somewhere/5")
    with capture_logs() as said:
        with monkeypatch.context() as broken:
            broken.setattr("fcntl.flock", refuses)
            assert journal.part() is None
        assert journal.part() is None, "not for every attempt"
        now = time.monotonic()
        monkeypatch.setattr(time, "monotonic", lambda: now + 31)
        with monkeypatch.context() as broken:
            broken.setattr("fcntl.flock", refuses)
            assert journal.part() is None
        monkeypatch.setattr(time, "monotonic", lambda: now + 62)
        assert journal.part() is not None
    assert [line["event"] for line in said] == ["journal.not_kept", "journal.kept_again"]
