"""Begins a worker process's journal, and removes the files of dead processes that have nothing to tell any more."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Final

import structlog

from tocsin.journal.reader import left_behind
from tocsin.journal.writer import Journal
from tocsin.store import journals, silence
from tocsin.store.engine import DATABASE_TROUBLE, Pool

log = structlog.get_logger()

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


async def tell_of_journal(journal: Journal, pool: Pool, worker: str) -> None:
    """Say how this process's journal is, for whoever asks the web: nobody else can read it."""
    async with pool.acquire() as connection:
        await journals.tell(connection, worker, journal.size, is_kept=journal.is_kept)


async def tidy(journal: Journal, pool: Pool) -> None:
    """See to the files of dead processes: what those had in hand is due at once, and what tells nothing more goes.

    The lock on a file is proof that its process is gone: nobody has to wait for its lease. Where this fails it is done
    another time.
    """
    with contextlib.suppress(*DATABASE_TROUBLE):
        left = await asyncio.to_thread(lambda: list(left_behind(journal.directory)))
        if not left:
            return
        ours = {one.name for one in left if one.database == journal.database}
        async with pool.acquire() as connection:
            needed = {worker: worker.rpartition(":")[2] for worker in await silence.open_workers(connection)}
            dead = [worker for worker, name in needed.items() if name in ours]
            if dead and (released := await silence.release(connection, dead)):
                log.info("leases.released", workers=dead, buckets=released)
        for one in left:
            of_no_use = one.name in ours and one.name not in needed.values()
            if of_no_use or (one.name not in ours and one.age > _FORGOTTEN_SECONDS):
                one.path.unlink(missing_ok=True)
