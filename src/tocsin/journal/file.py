"""One file of a journal: it is locked for as long as its process lives, appended to, and removed when all is recorded.

What was written survives the process, whatever kills it: the kernel has it. Nothing is synced, so a machine that
crashes may lose the end; it has another boot then, and nobody trusts the file to be complete.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tocsin.journal import frames
from tocsin.journal.frames import Whose

COMPLETE: Final = ".journal"
PARTIAL: Final = ".partial"  # a write failed: what is in it is true, and something may be missing
BEING_MADE: Final = ".new"
MOST_BYTES: Final = 262_144
_MOST_SLOTS: Final = 60_000

Failed = Callable[[OSError], None]


class File:
    """Appends for one process. `failed` is told once of an error, after which nothing more is written."""

    def __init__(self, path: Path, whose: Whose, failed: Failed) -> None:
        self.name = path.name
        self.path = path.with_name(path.name + COMPLETE)
        self.in_use = 0
        self._slots = 0
        self._failed = failed
        self._waiting: list[bytes] = []
        self._is_scheduled = False
        self._is_broken = False
        self._claims_too_much = False
        made = path.with_name(path.name + BEING_MADE)
        self._descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._size = self._append(frames.frame(frames.whose(whose)))
            made.rename(self.path)  # nobody takes it for a dead process's before it is locked
        except BaseException:
            os.close(self._descriptor)
            made.unlink(missing_ok=True)
            raise

    @property
    def size(self) -> int:
        """Return how many bytes were written to it."""
        return self._size

    @property
    def has_room(self) -> bool:
        return not self._is_broken and self._size < MOST_BYTES and self._slots < _MOST_SLOTS

    def new_slot(self) -> int:
        self._slots += 1
        return self._slots

    def write(self, entry: bytes) -> None:
        """Write what waits, and `entry`, before returning."""
        self._waiting.append(entry)
        self._write_waiting()

    def write_soon(self, entry: bytes) -> None:
        """Write `entry` with whatever else this turn of the loop brings."""
        self._waiting.append(entry)
        if not self._is_scheduled:
            self._is_scheduled = True
            asyncio.get_running_loop().call_soon(self._write_scheduled)

    def close(self) -> None:
        """Let go of the file, and remove it where nothing in it is of use any more."""
        self._write_scheduled()
        self._is_broken = True
        os.close(self._descriptor)
        if not self.in_use:
            self.path.unlink(missing_ok=True)

    def _write_scheduled(self) -> None:
        self._is_scheduled = False
        with contextlib.suppress(OSError):  # an answer that is not written is one more that is unknown
            self._write_waiting()

    def _write_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        if self._claims_too_much:
            self._own_up()
        if self._is_broken or not waiting:
            return
        try:
            self._size += self._append(frames.frame(b"".join(waiting)))
        except OSError as error:
            self._is_broken = self._claims_too_much = True
            self._failed(error)
            self._own_up()

    def _append(self, data: bytes) -> int:
        written = os.write(self._descriptor, data)
        if written < len(data):
            raise OSError(f"only {written} of {len(data)} bytes could be written")
        return written

    def _own_up(self) -> None:
        """See to it that nobody takes the file for complete; raise OSError where it can't be: nothing may be sent then.

        Either way works on a disk that is full.
        """
        partial = self.path.with_suffix(PARTIAL)
        try:
            self.path.rename(partial)
            self.path = partial
        except OSError:
            self.path.unlink(missing_ok=True)
        self._claims_too_much = False
