"""A worker that stands still is replaced, and one that only waits is left alone."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from delivery.world import World
from tocsin.broker import DELIVER, make_celery
from tocsin.domain.channel import ChannelName
from tocsin.domain.outline import Plan
from tocsin.domain.stillness import Stillness
from tocsin.store import channels, claim
from tocsin.store.engine import begin
from tocsin.store.overdue import FAN_OUT, ask_overdue
from tocsin_up import until
from tocsin_workers.commands import worker_command
from tocsin_workers.loop import Loop
from tocsin_workers.minding import Line, Minder, hints_waiting, is_own_child
from tocsin_workers.watch import Signs, Watch

EMAIL = ChannelName.EMAIL


@pytest.fixture
def worker(world: World, database_url: str, broker_url: str, tmp_home: Path) -> Iterator[Path]:
    """Run a worker for e-mail that can be told to stand still; return the folder in which it is told."""
    del world  # it is to be there
    command = worker_command([DELIVER[EMAIL]], 1, "stalling")
    command[command.index("tocsin_workers.app")] = "workers.stalling"
    told = {
        "PYTHONPATH": str(Path(__file__).parents[1]),
        "STALLING_FOLDER": str(tmp_home),
        "TOCSIN_HOME": str(tmp_home),
        "TOCSIN_SECRET": "s" * 32,
        "TOCSIN_DATABASE_URL": database_url,
        "TOCSIN_BROKER_URL": broker_url,
        "TOCSIN_EMAIL__SMTP_URL": "smtp://127.0.0.1:9",
        "TOCSIN_DELIVERY__STALLED_SECONDS": "1",
    }
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")} | told
    log = tmp_home / "worker.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output, start_new_session=True)
    yield tmp_home
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


async def test_a_process_that_stands_still_is_replaced_by_its_parent(world: World, worker: Path) -> None:
    def pids() -> list[int]:
        there = worker / "pids"
        return [int(line) for line in there.read_text().split()] if there.exists() else []

    async def replaced(lives: int, what: str) -> None:
        await asyncio.to_thread(until, lambda: len(pids()) == lives, f"another takes the place of {what}", seconds=15)

    await replaced(1, "nobody")
    os.kill(pids()[0], signal.SIGSTOP)
    await replaced(2, "one that was stopped")
    (worker / "do").write_text("block the loop")
    await replaced(3, "one with a loop that runs nothing")
    (worker / "do").write_text("hang the pool")
    await world.person("someone@example.com")
    await world.say("It is down.")
    await asyncio.to_thread(until, lambda: not (worker / "do").exists(), "the pool hangs")
    await world.spread()
    await replaced(4, "one whose pool has hung")
    for _ in range(200):
        if (await world.ledger("someone@example.com"))[0][1] == "held":
            break
        await asyncio.sleep(0.05)
    assert await world.ledger("someone@example.com") == [(1, "held", "retrying")]
    log = (worker / "worker.log").read_text()
    assert [log.count(said) for said in ("child_stood_still", "loop runs nothing", "is due: email")] == [1, 1, 1]
    assert log.count("exited with 'exitcode 70'") == 2
    assert "in <lambda>" in log, "it does not say where its threads were"


@dataclass
class Watched:
    """A watch whose looks are made by hand: three in a row are too many."""

    loop: Loop
    signs: Signs
    watch: Watch
    ended: list[str]

    def look(self, looks: int = 30) -> list[str]:
        for _ in range(looks):
            self.watch.look()
            self.loop.run(asyncio.sleep(0))  # however busy the machine is, the loop has run between two looks
        return self.ended


@pytest.fixture
def loop() -> Iterator[Loop]:
    made = Loop()
    made.start()
    yield made
    made.stop()


def watched(loop: Loop, world: World, database_url: str) -> Watched:
    """Watch over e-mail and fan-out in a process whose sweepers stand still, unless a test has them beat."""
    signs, ended = Signs(), list[str]()
    signs.ways, signs.serves = {EMAIL: world.way()}, frozenset({EMAIL, FAN_OUT})
    return Watched(loop, signs, Watch(loop, signs, database_url, 1.0, end=ended.append), ended)


async def owe(world: World, seconds: float) -> None:
    await world.person("someone@example.com")
    await world.say("It is down.")
    await world.spread()
    await world.later(seconds)


async def test_what_is_due_and_not_taken_up_ends_a_process(world: World, loop: Loop, database_url: str) -> None:
    one = watched(loop, world, database_url)
    await owe(world, 5)
    ended = await asyncio.to_thread(one.look)
    assert set(ended) == {"nobody takes up what is due: email"}
    await world.say("Something else is down.")
    await world.later(5)
    assert await ask_overdue(database_url, 1) == {EMAIL, FAN_OUT, ChannelName.STATUS_PAGE}


async def paused(world: World, one: Watched) -> None:
    del one
    await owe(world, 5)
    async with begin(world.engine) as connection:
        await channels.pause(connection, EMAIL, "someone")


async def nothing_due(world: World, one: Watched) -> None:
    del world, one


async def due_a_moment_ago(world: World, one: Watched) -> None:
    del one
    await owe(world, -5)


async def another_holds_it(world: World, one: Watched) -> None:
    del one
    await owe(world, 5)
    async with world.pool.acquire() as connection, connection.transaction():
        lease = await claim.lease(connection, EMAIL, 500)
        assert lease is not None
        planned = Plan()
        await claim.begin_attempt(connection, lease, planned, EMAIL, "practice", "another", 15)


async def a_provider_takes_its_time(world: World, one: Watched) -> None:
    await owe(world, 5)
    one.signs.ways[EMAIL].sending = 1


async def the_database_is_down(world: World, one: Watched) -> None:
    await owe(world, 5)
    one.watch.database_url = "postgresql://nobody@127.0.0.1:1/nothing"


async def another_channel_is_late(world: World, one: Watched) -> None:
    await owe(world, 5)
    one.signs.ways, one.signs.serves = {}, frozenset({FAN_OUT})


@pytest.mark.parametrize(
    "wait",
    [
        paused,
        nothing_due,
        due_a_moment_ago,
        another_holds_it,
        a_provider_takes_its_time,
        the_database_is_down,
        another_channel_is_late,
    ],
)
async def test_who_only_waits_is_left_alone(
    wait: Callable[[World, Watched], Awaitable[None]], world: World, loop: Loop, database_url: str
) -> None:
    one = watched(loop, world, database_url)
    await wait(world, one)
    assert await asyncio.to_thread(one.look) == []


def test_time_in_which_nobody_looks_does_not_count() -> None:
    still = Stillness()
    seen = [still.look("loop", done) for done in (1, 1, 1, 2, 2)]
    assert seen == [0, 1, 2, 0, 1]  # whatever lay between two looks: a sleep, a stop, a long collection


def minder(line: Line, waiting: Callable[[], int], taken: Callable[[], int]) -> tuple[Minder, list[str]]:
    ended: list[str] = []
    return Minder(line, 10.0, waiting, taken, lambda: ended.append("ended")), ended


def test_a_consumer_that_takes_no_hints_for_longer_than_a_task_ends_itself(broker_url: str) -> None:
    make_celery(broker_url, publisher=True).send_task(DELIVER[EMAIL], ignore_result=True)
    lying = hints_waiting(broker_url, [DELIVER[EMAIL], DELIVER[ChannelName.SMS]])
    assert lying() == 1
    ends = {}
    for name, waiting, taken in (
        ("stuck", lying, lambda: 3),
        ("busy", lying, partial(next, count())),
        ("nothing there", hints_waiting(broker_url, [DELIVER[ChannelName.SMS]]), lambda: 3),
        ("no broker", hints_waiting("redis://127.0.0.1:9/0", [DELIVER[EMAIL]]), lambda: 3),
    ):
        one, ended = minder(Line(), waiting, taken)
        for _ in range(60):
            one.look()
        assert ended == [], name
        for _ in range(20):
            one.look()
        ends[name] = bool(ended)
    assert ends == {"stuck": True, "busy": False, "nothing there": False, "no broker": False}


def test_nobody_but_an_own_child_is_ever_ended() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert is_own_child(child.pid)
    child.communicate(b"")
    assert not is_own_child(child.pid)
    assert not is_own_child(os.getppid())
