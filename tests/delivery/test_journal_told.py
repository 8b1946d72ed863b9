"""Workers tell how their journals are, and what was recovered from one is counted for whoever asks the web."""

from __future__ import annotations

import re
from pathlib import Path

from delivery.test_journal import TOOK, Telling, killed_worker, owed_to_a_crowd
from delivery.world import World
from tocsin.journal.writer import Journal
from tocsin.services.keep_journal import tell_of_journal
from tocsin.store import journals
from tocsin.web.metrics import Metrics


async def test_metrics_say_whether_journals_are_kept_and_what_was_recovered(world: World, tmp_path: Path) -> None:
    await owed_to_a_crowd(world)
    await killed_worker(world, tmp_path, Telling())
    await world.deliver()
    journal = world.journal
    assert journal is not None
    part = journal.part()
    assert part is not None
    await tell_of_journal(journal, world.pool, "here:1")
    shown = (await Metrics().render(world.engine)).decode()
    assert 'tocsin_journal_kept{worker="here:1"} 1.0' in shown
    in_files = sum(path.stat().st_size for path in tmp_path.glob(f"{part.name}*"))  # noqa: ASYNC240 - a test alone on its loop
    assert f'tocsin_journal_bytes{{worker="here:1"}} {float(in_files)}' in shown
    assert f'tocsin_journal_answers_total{{channel="email"}} {float(TOOK)}' in shown
    part.is_over()
    await world.later(200)
    assert "here:1" not in (await Metrics().render(world.engine)).decode(), "it tells nothing any more"
    await tell_of_journal(journal, world.pool, "here:1")
    async with world.pool.acquire() as connection:
        await journals.count(connection, "email", 2)
        await journals.count(connection, "sms", 0)
    shown = (await Metrics().render(world.engine)).decode()
    assert 'tocsin_journal_kept{worker="here:1"} 1.0' in shown
    assert f'tocsin_journal_bytes{{worker="here:1"}} {float(journal.size)}' in shown
    assert re.findall(r"^tocsin_journal_answers_total.*$", shown, re.MULTILINE) == [
        f'tocsin_journal_answers_total{{channel="email"}} {TOOK + 2.0}'
    ]


async def test_metrics_say_that_a_journal_cannot_be_written(world: World, tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("no directory")
    journal = Journal(tmp_path / "journal", "db")
    assert journal.part() is None
    await tell_of_journal(journal, world.pool, "here:1")
    shown = (await Metrics().render(world.engine)).decode()
    assert 'tocsin_journal_kept{worker="here:1"} 0.0' in shown
