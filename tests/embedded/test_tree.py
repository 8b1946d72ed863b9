"""A tree of processes keeps its parts alive, and none of them outlives it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tocsin.embedded.process import Command, CouldNotStart
from tocsin.embedded.tree import Part, Stage, Tree, next_wait
from tocsin_up import until

# Writes its name and number, and its name once more when it is asked to end.
_PROGRAM = """
import os, signal, sys
def note(line):
    os.write(os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT), (line + "\\n").encode())
signal.signal(signal.SIGTERM, lambda *_: (note(f"end {sys.argv[2]}"), os._exit(0)))
note(f"begin {sys.argv[2]} {os.getpid()}")
while True: signal.pause()
"""
# Sheds its death signal and has a child of its own, as on a kernel that knows no death signals.
_UNTIED = """
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, 0)
os.fork()
os.write(os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT), f"begin x {os.getpid()}\\n".encode())
while True: signal.pause()
"""


def _part(name: str, stage: Stage, notes: Path, program: str = _PROGRAM) -> Part:
    command = Command([sys.executable, "-c", program, str(notes), name])
    return Part(name, stage, lambda: command)


def _begun(notes: Path) -> list[int]:
    lines = notes.read_text().splitlines() if notes.exists() else []
    return [int(line.split()[2]) for line in lines if line.startswith("begin")]


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def tree(tmp_path: Path, told: list[str]) -> Iterator[Tree]:
    grown = Tree(tmp_path, told.append)
    yield grown
    grown.stop()


def _look_until_begun(tree: Tree, notes: Path, n: int) -> list[int]:
    def is_so() -> bool:
        tree.look()
        return len(_begun(notes)) == n

    until(is_so, f"{n} have begun")
    return _begun(notes)


def test_waits_double_up_to_a_quarter_of_a_minute_and_are_forgotten_after_a_long_life() -> None:
    waits = [0.0]
    for _ in range(9):
        waits.append(next_wait(waits[-1], lived=1))
    assert waits[1:] == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 15, 15]
    assert next_wait(15, lived=60) == 0.2


def test_a_part_that_dies_is_started_again(tree: Tree, tmp_path: Path, told: list[str]) -> None:
    notes = tmp_path / "notes"
    tree.start(_part("web", Stage.WEB, notes))
    (first,) = _look_until_begun(tree, notes, 1)
    os.kill(first, signal.SIGKILL)
    _, second = _look_until_begun(tree, notes, 2)
    assert second != first
    assert told == [
        "web ended (signal 9); it is started again in 0.2 s, see web.log",
        f"web runs again as process {second}",
    ]


def test_a_part_that_never_comes_up_is_given_up_with_the_end_of_its_log(tree: Tree) -> None:
    command = Command([sys.executable, "-c", "raise SystemExit('the disk is full')"])
    tree.start(Part("database", Stage.DATABASE, lambda: command, is_ready=lambda _: False))
    with pytest.raises(CouldNotStart, match="the disk is full"):
        tree.await_ready("database", seconds=2)


def test_parts_are_stopped_from_the_outside_in(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    tree = Tree(tmp_path, lambda _: None)
    for name, stage in (("database", Stage.DATABASE), ("broker", Stage.BROKER), ("worker", Stage.WORKER),
                        ("practice", Stage.PRACTICE), ("web", Stage.WEB)):  # fmt: skip
        tree.start(_part(name, stage, notes))
    pids = _look_until_begun(tree, notes, 5)
    tree.stop()
    ended = [line.split()[1] for line in notes.read_text().splitlines() if line.startswith("end")]
    assert ended == ["web", "worker", "practice", "broker", "database"]
    assert not any(map(_is_alive, pids))


def test_a_part_that_does_not_end_is_ended_with_its_children(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + _UNTIED
    tree = Tree(tmp_path, lambda _: None)
    tree.start(_part("web", Stage.WEB, notes, deaf))
    pids = _look_until_begun(tree, notes, 2)
    tree.stop()
    until(lambda: not any(map(_is_alive, pids)), "its children are gone", seconds=5)


@pytest.mark.parametrize("program", [_PROGRAM, _UNTIED], ids=["by the kernel", "by the guard"])
def test_nothing_outlives_a_parent_that_is_killed(tmp_path: Path, program: str) -> None:
    notes = tmp_path / "notes"
    with _parent(tmp_path, program) as parent:
        until(lambda: len(_begun(notes)) == (1 if program is _PROGRAM else 2), "the parts have begun")
        guards = _guards(parent.pid)
        if program is _PROGRAM:
            os.kill(guards[0], signal.SIGSTOP)
        parent.kill()
    if program is _PROGRAM:
        until(lambda: not any(map(_is_alive, _begun(notes))), "the part is gone without the guard", seconds=10)
        os.kill(guards[0], signal.SIGCONT)
    until(lambda: not any(map(_is_alive, [*guards, *_begun(notes)])), "all are gone", seconds=10)


def test_a_guard_that_is_killed_is_replaced_by_one_that_knows_everybody(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    with _parent(tmp_path, _UNTIED) as parent:
        until(lambda: len(_begun(notes)) == 2, "the part has begun")
        (guard,) = _guards(parent.pid)
        os.kill(guard, signal.SIGKILL)
        until(lambda: _guards(parent.pid) not in ([], [guard]), "there is another guard")
        parent.kill()
    until(lambda: not any(map(_is_alive, _begun(notes))), "all are gone", seconds=10)


def _parent(folder: Path, program: str) -> subprocess.Popen[bytes]:
    """Start a process that keeps one part alive."""
    keeping = f"""
import sys, time
from pathlib import Path
from tocsin.embedded.process import Command
from tocsin.embedded.tree import Part, Stage, Tree
tree = Tree(Path({str(folder)!r}), print)
command = Command([sys.executable, "-c", {program!r}, {str(folder / "notes")!r}, "x"])
tree.start(Part("x", Stage.WEB, lambda: command))
while True:
    tree.look()
    time.sleep(0.05)
"""
    return subprocess.Popen([sys.executable, "-c", keeping])


def _guards(parent: int) -> list[int]:
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [int(pid) for pid in children if _is_alive(int(pid)) and "guard.py" in _command(int(pid))]


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""
