"""A process that dies after any step of the way loses nothing, and sends twice at most the one message in its hand."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from multiprocessing import get_context
from pathlib import Path

import pytest

from delivery.world import World, open_world
from faults.doomed import DIED, IN_HAND, Mailbox, live, whole_way
from faults.report import STEPS, Line

PEOPLE = 3
FEWEST_STEPS = 50
DAY = 86_400.0
# More than a lease: what has run out is found at the first look, what is not known at a later one.
LOOK = 25.0


@dataclass
class Stage:
    """Where processes are started that die, and who comes after them."""

    runner: asyncio.Runner
    world: World
    told: dict[str, str]
    owed: int = 0
    doubled: int = 0
    labelled: int = 0

    def doomed(self, body: str, last: int) -> int | None:
        context = get_context("forkserver")
        context.set_forkserver_preload(["faults.doomed"])
        process = context.Process(target=live, args=(self.told, body, last))
        process.start()
        process.join(30)
        return process.exitcode

    def wrong_after(self, body: str, step: str) -> list[str]:
        """Let others find what was left, and return what has become wrong."""
        return self.runner.run(self._wrong_after(body, step))

    async def _wrong_after(self, body: str, step: str) -> list[str]:
        world = self.world
        if not await world.rows("SELECT 1 FROM incident_update WHERE body = :body", body=body):
            await whole_way(world, body)  # whoever asked got no answer, and asks again
        for _ in range(8):
            await world.later(LOOK)
            await world.spread()
            await world.deliver()
        rows = await world.rows(
            """SELECT e.address, d.state::text, d.unknowns > 0, u.public_id FROM incident_update u
            JOIN delivery d ON d.update_id = u.id JOIN endpoint e ON e.id = d.endpoint_id
            WHERE e.channel = 'email' AND u.body = :body""",
            body=body,
        )
        await world.later(DAY)
        taken = self.world.email
        assert isinstance(taken, Mailbox)
        copies = Counter(address for address, message in taken.on_record() if rows and message.startswith(rows[0][3]))
        wrong = [] if len(rows) == PEOPLE else [f"{len(rows)} rows instead of {PEOPLE}"]
        self.owed += PEOPLE
        self.labelled += sum(labelled for _, _, labelled, _ in rows)
        self.doubled += sum(number > 1 for number in copies.values())
        for address, state, labelled, _ in rows:
            if state != "accepted":
                wrong.append(f"{address} is {state}")
            if not 1 <= copies[address] <= 1 + labelled:
                wrong.append(f"{address} got {copies[address]}, labelled: {labelled}")
        in_doubt = sum(labelled for _, _, labelled, _ in rows)
        if in_doubt > (step in IN_HAND):
            wrong.append(f"{in_doubt} are labelled")
        return wrong


@pytest.fixture
def stage(database_url: str, broker_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    # Without it the server that forks them finds none of our modules beforehand, and each imports them anew.
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    told = {
        "database": database_url,
        "broker": broker_url,
        "record": f"{tmp_path}/taken",
        "step": f"{tmp_path}/step",
        "journal": f"{tmp_path}/journal",
    }
    with asyncio.Runner() as runner:
        world = runner.run(open_world(database_url, broker_url))
        world.email = Mailbox(record=tmp_path / "taken")
        runner.run(world.keep_journal(tmp_path / "journal"))
        runner.run(world.crowd(PEOPLE))
        yield Stage(runner, world, told)
        runner.run(world.close())


@pytest.mark.timeout(150)
def test_death_after_each_step_loses_nothing(stage: Stage) -> None:
    """How many steps there are differs by a few from life to life: it goes on until one comes to its end."""
    wrong: list[str] = []
    last = 0
    for last in count(1):
        body = f"Death after step {last}"
        ended = stage.doomed(body, last)
        step = "none" if ended == 0 else Path(stage.told["step"]).read_text()
        assert ended in {0, DIED}, body
        wrong += [f"{body}, {step}: {what}" for what in stage.wrong_after(body, step)]
        if ended == 0:
            break
    assert wrong == []
    assert last > FEWEST_STEPS
    name = f"a process ended after each of its {last - 1} steps, one after the other"
    STEPS.append(Line(1, name, owed=stage.owed, copies_labelled=stage.doubled, labels=stage.labelled))
