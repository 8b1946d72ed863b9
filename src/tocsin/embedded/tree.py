"""One tree of processes: what dies is started again, and what is stopped is stopped in order and within 15 s."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Final

from tocsin.embedded.process import Child, Command, CouldNotStart, ask, finish, spawn

_GUARD = Path(__file__).with_name("guard.py")
_FIRST_WAIT: Final = 0.2
_LONGEST_WAIT: Final = 15.0
_LONG_LIFE: Final = 30.0  # whoever lived so long is waited for as briefly as at first
_ENOUGH_TRIES: Final = 6


class Stage(IntEnum):
    """When a part is stopped: whoever takes work first, whoever keeps it last."""

    WEB = 1
    WORKER = 2
    PRACTICE = 3
    BROKER = 4
    DATABASE = 5


# By when, in seconds from the beginning of the stop, the parts of a stage have to be done.
_UNTIL: Final = {Stage.WEB: 3.0, Stage.WORKER: 10.0, Stage.PRACTICE: 10.5, Stage.BROKER: 11.5, Stage.DATABASE: 14.0}


@dataclass(frozen=True, slots=True)
class Part:
    """One process of the tree; `prepare` runs before each of its starts."""

    name: str
    stage: Stage
    command: Callable[[], Command]
    prepare: Callable[[], None] = lambda: None
    is_ready: Callable[[Child], bool] = lambda _: True


@dataclass(slots=True)
class Member:
    """A part and how it fares."""

    part: Part
    child: Child
    started_at: float
    restarts: int = 0
    wait: float = 0.0
    restart_at: float | None = None  # None while it runs

    @property
    def state(self) -> str:
        return "running" if self.restart_at is None else "restarting"


def next_wait(last: float, lived: float) -> float:
    """Return the seconds until a part that lived so long is started again."""
    return _FIRST_WAIT if lived >= _LONG_LIFE else min(max(last * 2, _FIRST_WAIT), _LONGEST_WAIT)


class Tree:
    """Start parts from the main thread only: the kernel ties a child to the thread that made it.

    Each part's output goes to a file in `logs`, or with ours where there is no such folder.
    """

    def __init__(self, logs: Path | None, tell: Callable[[str], None]) -> None:
        self._logs = logs
        self._tell = tell
        self._guard, self._line = _start_guard()
        self.members: list[Member] = []

    def start(self, part: Part) -> None:
        part.prepare()
        self.members.append(Member(part, self._spawn(part), time.monotonic()))

    def await_ready(self, name: str, *, seconds: float = 60) -> None:
        """Return when the part is ready, started anew where it must be; raise CouldNotStart when it does not come."""
        member = next(member for member in self.members if member.part.name == name)
        deadline = time.monotonic() + seconds
        while not (member.state == "running" and member.part.is_ready(member.child) and member.child.poll() is None):
            if time.monotonic() > deadline or member.restarts >= _ENOUGH_TRIES:
                raise CouldNotStart(f"The {name} did not start. {self._last_words(member.part)}")
            self.look()
            time.sleep(0.01)

    def look(self) -> None:
        """See who died, and start again whoever has waited long enough."""
        now = time.monotonic()
        if self._guard.poll() is not None:
            self._renew_guard()
        for member in self.members:
            if member.restart_at is None and member.child.poll() is not None:
                self._bury(member, now)
            elif member.restart_at is not None and now >= member.restart_at:
                self._revive(member, now)

    def stop(self) -> None:
        """Stop all in order, and end by force whoever does not."""
        began = time.monotonic()
        for stage in Stage:
            leaving = [member for member in self.members if member.part.stage is stage]
            for member in leaving:
                ask(member.child, member.part.command().stop)
            for member in leaving:
                finish(member.child, seconds=began + _UNTIL[stage] - time.monotonic())
                self._say(f"-{member.child.pid}")
        os.close(self._line)
        self._guard.wait()
        self.members.clear()

    def _spawn(self, part: Part) -> Child:
        return spawn(part.command(), self._log(part), guard=self._line)

    def _log(self, part: Part) -> Path | None:
        return None if self._logs is None else self._logs / f"{part.name}.log"

    def _last_words(self, part: Part) -> str:
        log = self._log(part)
        if log is None:
            return ""
        return f"The end of {log} says:\n" + "\n".join(log.read_text(errors="replace").splitlines()[-8:])

    def _bury(self, member: Member, now: float) -> None:
        finish(member.child, seconds=0)  # its own children go with it
        self._say(f"-{member.child.pid}")
        member.wait = next_wait(member.wait, now - member.started_at)
        member.restart_at = now + member.wait
        name, how = member.part.name, _spoken(member.child.returncode)
        where = "" if self._logs is None else f", see {name}.log"
        self._tell(f"{name} ended ({how}); it is started again in {member.wait:.1f} s{where}")

    def _revive(self, member: Member, now: float) -> None:
        member.part.prepare()
        member.child = self._spawn(member.part)
        member.started_at, member.restart_at = now, None
        member.restarts += 1
        self._tell(f"{member.part.name} runs again as process {member.child.pid}")

    def _renew_guard(self) -> None:
        os.close(self._line)
        self._guard, self._line = _start_guard()
        for member in self.members:
            if member.restart_at is None:
                self._say(f"+{member.child.pid} {int(member.part.command().death)}")

    def _say(self, line: str) -> None:
        with suppress(BrokenPipeError):  # a guard that died is renewed at the next look
            os.write(self._line, f"{line}\n".encode())


def _start_guard() -> tuple[subprocess.Popen[bytes], int]:
    reading, writing = os.pipe()
    command = [sys.executable, "-I", "-S", str(_GUARD)]
    guard = subprocess.Popen(command, stdin=reading, start_new_session=True)  # noqa: S603  our own script
    os.close(reading)
    return guard, writing


def _spoken(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"code {code}"
