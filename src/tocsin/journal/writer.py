"""The journal of one worker process: what it is about to hand over, and what providers answered, as it comes.

A journal that cannot be written stops nobody: it says so once, tries again later, and meanwhile attempts name none.
"""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import structlog

from tocsin.domain.channel import Result
from tocsin.journal import frames
from tocsin.journal.boot import this_boot
from tocsin.journal.file import File
from tocsin.journal.frames import Opens, Whose

log = structlog.get_logger()

_TRY_AGAIN_SECONDS: Final = 30.0


class Journal:
    """Hands out parts of a file, and begins another one when that is full; files end when their attempts have."""

    def __init__(self, directory: Path, database: str) -> None:
        self.directory = directory
        self.database = database
        self._file: File | None = None
        self._full: set[File] = set()
        self._try_at = 0.0
        self._was_told = False

    @property
    def is_kept(self) -> bool:
        """Tell whether it could be written when that was last tried."""
        return not self._was_told

    @property
    def size(self) -> int:
        """Return how many bytes its files hold."""
        return sum(file.size for file in (*self._full, self._file) if file is not None)

    def part(self) -> Part | None:
        """Return the part of the journal for an attempt that is about to begin; None while none can be kept."""
        full = self._file
        if full is not None and not full.has_room:
            self._file = None
            self._full.add(full)
            self.give_back(full)
        if self._file is None and time.monotonic() >= self._try_at:
            self._begin_file()
        return None if self._file is None else Part(self, self._file)

    def give_back(self, file: File) -> None:
        """Remove a full file once nothing in it is of use."""
        if not file.in_use and file is not self._file:
            self._full.discard(file)
            with contextlib.suppress(OSError):
                file.close()

    def close(self) -> None:
        """Let go of it at the end of the process; attempts that could not be recorded keep their file."""
        self._try_at = float("inf")
        if self._file is not None:
            self._file.close()
            self._file = None

    def _begin_file(self) -> None:
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = self.directory / secrets.token_hex(8)
            self._file = File(path, Whose(self.database, this_boot()), self._failed)
        except OSError as error:
            self._failed(error)
            return
        if self._was_told:
            self._was_told = False
            log.info("journal.kept_again", directory=str(self.directory))

    def _failed(self, error: OSError) -> None:
        """Go on without: what this process leaves in flight is unknown if it dies."""
        self._file = None
        self._try_at = time.monotonic() + _TRY_AGAIN_SECONDS
        if not self._was_told:
            self._was_told = True
            log.warning("journal.not_kept", directory=str(self.directory), error=str(error))


class Part:
    """What a journal has about one attempt, which names the file. Nothing may go out before `opens`."""

    __slots__ = ("_file", "_journal", "_slot")

    def __init__(self, journal: Journal, file: File) -> None:
        self._journal = journal
        self._file = file
        self._slot = 0
        file.in_use += 1

    @property
    def name(self) -> str:
        return self._file.name

    def opens(self, token: int, seal: bytes, size: int) -> None:
        """Say that `size` messages are about to be sent, and all of them at once for all that anybody knows."""
        self._slot = self._file.new_slot()
        self._file.write(frames.opens(Opens(self._slot, token, size, seal)))

    def each_begins(self) -> None:
        """Promise `begins`: from here on nothing goes out without it."""
        self._file.write(frames.tells(self._slot))

    def begins(self, indexes: Sequence[int]) -> None:
        self._file.write(frames.begins(self._slot, indexes))

    def ends(self) -> None:
        """Say that nothing more begins: whoever takes over needs no proof that this process is dead."""
        self._file.write(frames.ends(self._slot))

    def answered(self, index: int, result: Result) -> None:
        self._file.write_soon(frames.answer(self._slot, index, result))

    def is_over(self) -> None:
        """Say that the database has it all, or that nothing of it began: this part is not needed any more."""
        self._file.in_use -= 1
        self._journal.give_back(self._file)
