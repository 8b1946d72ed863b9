"""A journal is trusted as far as it is proved: whose it is, that its process is dead, and that nothing is missing."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from tocsin.domain.channel import Accepted
from tocsin.domain.errors import GiveUp
from tocsin.journal import file, reader
from tocsin.journal.reader import NOTHING_KNOWN, Found, left_behind, recall
from tocsin.journal.writer import Journal, Part

DATABASE, TOKEN, SEAL = "somewhere/5", 7, b"who is in it 16b"
TAKEN = Accepted("q1", 250)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal", DATABASE)


def opened(journal: Journal, *, each_begins: bool = True) -> Part:
    part = journal.part()
    assert part is not None
    part.opens(TOKEN, SEAL, 5)
    if each_begins:
        part.each_begins()
    return part


async def one_taken(journal: Journal) -> Part:
    """Return a part that says of the first message that it began and was taken."""
    part = opened(journal)
    part.begins([0])
    part.answered(0, TAKEN)
    await asyncio.sleep(0)
    return part


def asked(journal: Journal, part: Part, database: str = DATABASE, token: int = TOKEN, seal: bytes = SEAL) -> Found:
    return recall(journal.directory, part.name, database, token, seal)


def path_of(journal: Journal) -> Path:
    [path] = journal.directory.iterdir()
    return path


async def test_answers_and_what_has_begun_are_found_once_the_process_is_dead(journal: Journal) -> None:
    part = opened(journal)
    part.begins([0, 1, 2])
    part.answered(0, TAKEN)
    part.answered(2, GiveUp("550 no", code=550))
    await asyncio.sleep(0)
    journal.close()
    answers, begun, is_final = asked(journal, part)
    assert is_final
    assert (answers[0], str(answers[2]), begun) == (TAKEN, "550 no", frozenset({0, 1, 2}))


async def test_of_a_process_that_lives_nobody_knows_what_it_will_begin_next(journal: Journal) -> None:
    part = await one_taken(journal)
    assert asked(journal, part)[:2] == ({0: TAKEN}, None)
    assert list(left_behind(journal.directory)) == []


async def test_of_what_a_process_that_lives_has_ended_everything_is_known(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = await one_taken(journal)
    part.begins([1])
    other = journal.part()
    assert other is not None
    other.opens(TOKEN + 1, SEAL, 5)
    other.each_begins()
    other.ends()
    assert asked(journal, part)[:2] == ({0: TAKEN}, None), "another attempt has ended"
    part.ends()
    assert asked(journal, part) == ({0: TAKEN}, frozenset({0, 1}), False)
    monkeypatch.setattr(reader, "this_boot", lambda: "the next life")
    assert asked(journal, part)[:2] == ({0: TAKEN}, None)


async def test_where_nobody_says_what_begins_all_may_have(journal: Journal) -> None:
    part = opened(journal, each_begins=False)
    part.answered(0, TAKEN)
    await asyncio.sleep(0)
    journal.close()
    assert asked(journal, part)[:2] == ({0: TAKEN}, None)


def test_an_attempt_that_was_never_opened_has_not_begun(journal: Journal) -> None:
    part = opened(journal)
    assert asked(journal, part, token=8)[:2] == ({}, None), "its process lives, and may open it next"
    journal.close()
    assert asked(journal, part, token=8)[:2] == ({}, frozenset())


@pytest.mark.parametrize(
    "other", [{"database": "elsewhere/5"}, {"seal": b"somebody else 16"}], ids=["database", "seal"]
)
async def test_what_is_about_something_else_is_no_answer(journal: Journal, other: dict[str, Any]) -> None:
    part = await one_taken(journal)
    journal.close()
    assert asked(journal, part, **other) == NOTHING_KNOWN


async def test_after_a_crash_of_the_machine_answers_count_and_the_end_may_be_missing(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = await one_taken(journal)
    journal.close()
    monkeypatch.setattr(reader, "this_boot", lambda: "the next life")
    assert asked(journal, part)[:2] == ({0: TAKEN}, None)


async def test_a_torn_end_is_what_there_was_no_time_for_and_a_broken_one_is_not_trusted(journal: Journal) -> None:
    part = await one_taken(journal)
    journal.close()
    path = path_of(journal)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    assert asked(journal, part)[:2] == ({}, frozenset({0}))
    path.write_bytes(whole[:-1] + b"?")
    assert asked(journal, part)[:2] == ({}, None)


def test_a_journal_that_is_gone_or_misnamed_says_nothing(journal: Journal, tmp_path: Path) -> None:
    part = opened(journal)
    path_of(journal).unlink()
    assert asked(journal, part) == NOTHING_KNOWN
    assert recall(tmp_path, "../journal/x", DATABASE, TOKEN, SEAL) == NOTHING_KNOWN


def full_disk(after: int) -> Callable[[int, bytes], int]:
    """Return a write(2) whose disk has room for so many writes more, and half of the next."""
    room = [after]
    write = os.write

    def written(descriptor: int, data: bytes) -> int:
        room[0] -= 1
        if room[0] >= 0:
            return write(descriptor, data)
        if room[0] == -1:
            return write(descriptor, data[: len(data) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    return written


async def test_a_full_disk_stops_nobody_and_nothing_is_taken_for_complete(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = await one_taken(journal)
    monkeypatch.setattr(os, "write", full_disk(0))
    part.begins([1])
    part.begins([2])
    part.answered(1, TAKEN)
    await asyncio.sleep(0)
    assert journal.part() is None, "attempts go on without one"
    part.is_over()
    assert asked(journal, part) == NOTHING_KNOWN, "it was let go of with its last attempt"


async def test_what_was_written_before_the_disk_was_full_still_counts(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = await one_taken(journal)
    monkeypatch.setattr(os, "write", full_disk(0))
    part.begins([1])
    assert asked(journal, part)[:2] == ({0: TAKEN}, None)


def test_where_not_even_that_can_be_owned_up_nothing_begins(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    part = opened(journal)

    def read_only(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(os, "write", full_disk(0))
    monkeypatch.setattr(Path, "rename", read_only)
    monkeypatch.setattr(Path, "unlink", read_only)
    for _ in range(2):
        with pytest.raises(OSError, match="Read-only"):
            part.begins([1])


def test_a_directory_that_cannot_be_made_is_said_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    journal = Journal(tmp_path / "file" / "journal", DATABASE)
    with capture_logs() as said:
        assert [journal.part(), journal.part()] == [None, None]
    assert [line["event"] for line in said] == ["journal.not_kept"]


async def test_a_full_file_is_followed_by_another_and_goes_with_its_last_attempt(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file, "MOST_BYTES", 300)
    first = opened(journal)
    for at in range(20):
        first.answered(at, TAKEN)
    await asyncio.sleep(0)
    second = opened(journal)
    assert first.name != second.name
    assert len(list(journal.directory.iterdir())) == 2
    first.is_over()
    assert path_of(journal).stem == second.name
    second.is_over()
    journal.close()
    assert list(journal.directory.iterdir()) == []
