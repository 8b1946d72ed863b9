"""Reading what somebody else wrote: of several attempts the right one, and nothing that is not a journal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tocsin.domain.channel import Accepted
from tocsin.journal import boot, frames, reader
from tocsin.journal.file import COMPLETE, PARTIAL
from tocsin.journal.frames import Opens, Whose
from tocsin.journal.reader import NOTHING_KNOWN, Found, recall

DATABASE, TOKEN, SEAL = "somewhere/5", 7, b"who is in it 16b"
NAME = "0123456789abcdef"
TAKEN, OTHER = Accepted("q1", 250), Accepted("q2", 250)


def left_by_the_dead(directory: Path, entries: Sequence[bytes], ending: str = COMPLETE) -> Found:
    """Write a journal as a process that is gone left it, and return what it says of the attempt."""
    whose = frames.whose(Whose(DATABASE, boot.this_boot()))
    (directory / f"{NAME}{ending}").write_bytes(b"".join(map(frames.frame, [whose, *entries])))
    return recall(directory, NAME, DATABASE, TOKEN, SEAL)


def opens(slot: int, token: int = TOKEN) -> bytes:
    return frames.opens(Opens(slot, token, 5, SEAL))


def test_attempts_in_one_file_are_told_apart(tmp_path: Path) -> None:
    entries = [
        opens(1),
        opens(2, TOKEN + 1),
        frames.tells(1),
        frames.begins(1, [0]),
        frames.begins(2, [1, 2]),
        frames.answer(1, 0, TAKEN),
        frames.answer(2, 1, OTHER),
    ]
    assert left_by_the_dead(tmp_path, entries) == ({0: TAKEN}, frozenset({0}), True)


def test_that_another_attempt_says_what_begins_says_nothing_of_this_one(tmp_path: Path) -> None:
    entries = [opens(1), opens(2, TOKEN + 1), frames.tells(2), frames.begins(2, [1])]
    assert left_by_the_dead(tmp_path, entries) == ({}, None, True)


@pytest.mark.parametrize(("ending", "begun"), [(COMPLETE, frozenset({0, 1})), (PARTIAL, None)])
def test_where_a_write_failed_something_may_have_begun_that_is_not_there(
    tmp_path: Path, ending: str, begun: frozenset[int] | None
) -> None:
    entries = [opens(1), frames.tells(1), frames.begins(1, [0, 1]), frames.answer(1, 0, TAKEN)]
    assert left_by_the_dead(tmp_path, entries, ending) == ({0: TAKEN}, begun, True)


def test_an_attempt_that_stands_there_twice_is_not_believed(tmp_path: Path) -> None:
    entries = [opens(1), frames.tells(1), frames.answer(1, 0, TAKEN), opens(2)]
    assert left_by_the_dead(tmp_path, entries) == NOTHING_KNOWN


def test_an_answer_to_nobody_who_is_in_it_is_none(tmp_path: Path) -> None:
    entries = [opens(1), frames.tells(1), frames.answer(1, 4, TAKEN), frames.answer(1, 5, OTHER)]
    assert left_by_the_dead(tmp_path, entries).answers == {4: TAKEN}


def test_where_the_system_names_no_boot_nothing_is_taken_for_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boot, "_BOOT_ID", tmp_path / "nowhere")
    entries = [opens(1), frames.tells(1), frames.answer(1, 0, TAKEN)]
    assert left_by_the_dead(tmp_path, entries) == ({0: TAKEN}, None, True)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    entries = [opens(1), frames.tells(1), frames.answer(1, 0, TAKEN)]
    assert left_by_the_dead(elsewhere, entries).answers == {0: TAKEN}
    (tmp_path / f"{NAME}{COMPLETE}").symlink_to(elsewhere / f"{NAME}{COMPLETE}")
    assert recall(tmp_path, NAME, DATABASE, TOKEN, SEAL) == NOTHING_KNOWN


def test_what_is_too_long_to_be_a_journal_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [opens(1), frames.tells(1), frames.answer(1, 0, TAKEN)]
    monkeypatch.setattr(reader, "_MOST_BYTES", 50)
    assert left_by_the_dead(tmp_path, entries) == NOTHING_KNOWN
