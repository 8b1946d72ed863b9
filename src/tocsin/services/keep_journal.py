"""Begins a worker process's journal, and removes the files of dead processes that have nothing to tell any more."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Final

from tocsin.journal.reader import left_behind
from tocsin.journal.writer import Journal
from tocsin.store import silence
from tocsin.store.engine import DATABASE_TROUBLE, Pool

# A file that another database left here is nobody's business for so long.
_FORGOTTEN_SECONDS: Final = 7 * 86_400.0


async def keep_journal(directory: Path | None, pool: Pool) -> Journal | None:
    """Return a journal that is bound to this database, in a tidy directory; None where none is to be kept."""
    if directory is None:
        return None
    async with pool.acquire() as connection:
        journal = Journal(directory, await silence.identity(connection))
    await tidy(journal, pool)
    return journal


async def tidy(journal: Journal, pool: Pool) -> None:
    """Remove the files of dead processes that have nothing to tell any more; another time where that fails."""
    with contextlib.suppress(*DATABASE_TROUBLE):
        left = await asyncio.to_thread(lambda: list(left_behind(journal.directory)))
        if not left:
            return
        async with pool.acquire() as connection:
            needed = {worker.rpartition(":")[2] for worker in await silence.open_workers(connection)}
        for one in left:
            of_no_use = one.database == journal.database and one.name not in needed
            if of_no_use or (one.database != journal.database and one.age > _FORGOTTEN_SECONDS):
                one.path.unlink(missing_ok=True)
