"""Nobody waits for the lease of a worker that is dead for all to see; one that may live keeps it."""

from __future__ import annotations

import contextlib
import os
import time
from asyncio import CancelledError
from pathlib import Path

from delivery.test_journal import BEGAN, CROWD, TOOK, Telling, owed_to_a_crowd
from delivery.world import World
from tocsin.journal.frames import Whose, frame, whose
from tocsin.journal.writer import Journal
from tocsin.services.deliver import deliver_batch
from tocsin.services.keep_journal import tidy


async def dying(world: World, directory: Path) -> tuple[Journal, Journal]:
    """Let a worker begin a batch and fall silent; return its journal and the next worker's."""
    await owed_to_a_crowd(world)
    journal = await world.keep_journal(directory)
    with contextlib.suppress(CancelledError):
        await deliver_batch(world.way(provider=Telling()))
    return journal, await world.keep_journal(directory)


async def test_what_a_dead_process_had_in_hand_is_due_at_once(world: World, tmp_path: Path) -> None:
    died, heir = await dying(world, tmp_path)
    assert await deliver_batch(world.way()) is None
    died.close()  # its lock goes with it
    await tidy(heir, world.pool)
    assert await deliver_batch(world.way()) == CROWD - TOOK
    assert await world.rows("SELECT count(*), sum(unknowns) FROM delivery WHERE unknowns > 0") == [
        (BEGAN - TOOK, BEGAN - TOOK)
    ]
    assert await world.rows("SELECT lost, count(*) FROM attempt GROUP BY 1 ORDER BY 1") == [(False, 1), (True, 1)]


async def test_who_only_fell_silent_keeps_the_lease(world: World, tmp_path: Path) -> None:
    silent, heir = await dying(world, tmp_path)
    await tidy(heir, world.pool)
    assert await deliver_batch(world.way()) is None
    assert await world.rows("SELECT count(*) FROM attempt WHERE finished_at IS NULL") == [(1,)]
    silent.close()


async def test_another_databases_dead_are_nothing_to_us(world: World, tmp_path: Path) -> None:
    died, _ = await dying(world, tmp_path)
    died.close()
    await tidy(Journal(tmp_path, "somewhere/else"), world.pool)
    assert await deliver_batch(world.way()) is None


async def test_another_databases_file_is_left_alone_for_a_week(world: World, tmp_path: Path) -> None:
    young, old = (left_by_another(tmp_path, name * 16, days) for name, days in (("0", 6), ("1", 8)))
    await tidy(Journal(tmp_path, "here"), world.pool)
    assert (young.exists(), old.exists()) == (True, False)


def left_by_another(directory: Path, name: str, days: float) -> Path:
    """Leave a file as a process that worked for another database did so many days ago."""
    path = directory / f"{name}.journal"
    path.write_bytes(frame(whose(Whose("somewhere/else", "a life"))))
    written_at = time.time() - days * 86_400
    os.utime(path, (written_at, written_at))
    return path
