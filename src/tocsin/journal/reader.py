"""Reads what a process that fell silent left behind, and trusts no more of it than is proved.

An answer is an answer wherever it is read whole. That a message never began is believed only of a process that is dead
(the lock on its file went with it) or has ended the attempt itself, on a machine that has not crashed since, in a file
that is complete.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import time
from collections.abc import Generator, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from tocsin.domain.channel import Result
from tocsin.journal.boot import this_boot
from tocsin.journal.file import BEING_MADE, COMPLETE, PARTIAL
from tocsin.journal.frames import Answer, Begin, Ends, Entry, Opens, Tells, Whose, read

ENDINGS: Final = frozenset({COMPLETE, PARTIAL, BEING_MADE})
_NAME: Final = re.compile(r"[0-9a-f]{16}").fullmatch
_MOST_BYTES: Final = 64_000_000
_AT_ONCE: Final = 1_048_576


class Found(NamedTuple):
    """What a journal says of one attempt.

    `answers` are by index; `begun` is what may have gone out, None where that can be all of it. `is_final` where the
    process is dead, so that nothing comes after it.
    """

    answers: Mapping[int, Result]
    begun: frozenset[int] | None
    is_final: bool


class Proof(NamedTuple):
    """Whether the process is dead, and whether everything that it wrote could be written."""

    is_dead: bool
    is_complete: bool


class Left(NamedTuple):
    """A file that a dead process left: `database` is "" where it cannot be read, `age` its seconds without change."""

    name: str
    path: Path
    database: str
    age: float


NOTHING_KNOWN: Final = Found({}, None, is_final=False)


def recall(directory: Path, name: str, database: str, token: int, seal: bytes) -> Found:
    """Return what the journal `name` has about an attempt of `database`."""
    if not _NAME(name):
        return NOTHING_KNOWN
    for ending in (COMPLETE, PARTIAL):
        with contextlib.suppress(OSError), _opened(directory / f"{name}{ending}") as (descriptor, is_dead):
            return _about(_all_of(descriptor), database, token, seal, Proof(is_dead, ending == COMPLETE))
    return NOTHING_KNOWN


def left_behind(directory: Path) -> Iterator[Left]:
    """Yield the files of dead processes."""
    for path in sorted(directory.glob("*")):
        if path.suffix not in ENDINGS or not _NAME(path.stem):
            continue
        with contextlib.suppress(OSError), _opened(path) as (descriptor, is_dead):
            if is_dead:
                first = read(os.read(descriptor, 4096)).entries[:1]
                database = first[0].database if first and isinstance(first[0], Whose) else ""
                yield Left(path.stem, path, database, time.time() - os.fstat(descriptor).st_mtime)


def _about(data: bytes, database: str, token: int, seal: bytes, proof: Proof) -> Found:
    entries, _, is_broken = read(data)  # a torn end is what its writer had no time for: nothing came of it
    if not entries or not isinstance(entries[0], Whose) or entries[0].database != database:
        return NOTHING_KNOWN
    boot = this_boot()
    is_all = proof.is_complete and not is_broken and boot != "" and entries[0].boot == boot
    opened = [entry for entry in entries if isinstance(entry, Opens) and entry.token == token]
    if not opened:
        return Found({}, frozenset() if is_all and proof.is_dead else None, proof.is_dead)
    if len(opened) > 1 or opened[0].seal != seal:
        return NOTHING_KNOWN
    answers, begun, each_begins, has_ended = _of_slot(entries, opened[0])
    is_known = is_all and each_begins and (proof.is_dead or has_ended)
    return Found(answers, frozenset(begun) if is_known else None, proof.is_dead)


def _of_slot(entries: list[Entry], opened: Opens) -> tuple[dict[int, Result], set[int], bool, bool]:
    answers: dict[int, Result] = {}
    begun: set[int] = set()
    each_begins = has_ended = False
    for entry in entries:
        match entry:
            case Answer(slot, index, result) if slot == opened.slot and index < opened.size:
                answers[index] = result
            case Begin(slot, indexes) if slot == opened.slot:
                begun.update(indexes)
            case Tells(slot) if slot == opened.slot:
                each_begins = True
            case Ends(slot) if slot == opened.slot:
                has_ended = True
            case _:
                pass
    return answers, begun, each_begins, has_ended


@contextlib.contextmanager
def _opened(path: Path) -> Generator[tuple[int, bool]]:
    """Open a file; its process is dead where its lock is free, and nobody can take it for theirs while it is read."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            yield descriptor, False
        else:
            yield descriptor, True
    finally:
        os.close(descriptor)


def _all_of(descriptor: int) -> bytes:
    size = os.fstat(descriptor).st_size
    if size > _MOST_BYTES:
        raise OSError("too long to be ours")
    return b"".join(iter(partial(os.read, descriptor, _AT_ONCE), b""))
