"""Starts and ends single child processes, each tied to this one and in a process group of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Literal, Protocol

User = Literal["same", "namespace", "nobody"]
Child = subprocess.Popen[bytes]

_TETHER = Path(__file__).with_name("tether.py")
_LARGEST_LOG = 10_000_000


class CouldNotStart(RuntimeError):
    """A part of Tocsin did not come up; the message says where to look."""


@dataclass(frozen=True, slots=True)
class Command:
    """What is to be run and how it is ended: by `stop` when asked to, by `death` when its parent is gone."""

    arguments: Sequence[str]
    stop: signal.Signals = signal.SIGTERM
    death: signal.Signals = signal.SIGKILL
    user: User = "same"
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    pass_fds: tuple[int, ...] = ()


class Server(Protocol):
    """A server that is run from a wheel."""

    @property
    def command(self) -> Command: ...

    def is_ready(self, child: Child) -> bool: ...


def spawn(command: Command, log: Path | None, *, guard: int = -1) -> Child:
    """Start `command`, its output appended to `log`, else where ours goes.

    Call it from the main thread: the kernel ties a child to the thread that made it.
    """
    tether = [str(_TETHER), str(os.getpid()), str(int(command.death)), str(guard), command.user]
    with nullcontext() if log is None else _open(log) as output:
        return subprocess.Popen(  # noqa: S603  the command is our own
            [sys.executable, "-I", "-S", *tether, *command.arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            # Children are told what they need through the environment; it is read by settings.py alone.
            env={**os.environ, **command.environment},
            process_group=0,
            pass_fds=command.pass_fds if guard < 0 else (*command.pass_fds, guard),
        )


def _open(log: Path) -> BinaryIO:
    with suppress(FileNotFoundError):
        if log.stat().st_size > _LARGEST_LOG:
            log.replace(log.with_suffix(log.suffix + ".1"))
    return log.open("ab")


def end(child: Child, sign: signal.Signals, *, seconds: float) -> None:
    """Ask a child to end, wait so long, and then end whatever is left of its group."""
    ask(child, sign)
    finish(child, seconds=seconds)


def ask(child: Child, sign: signal.Signals) -> None:
    if child.poll() is None:
        child.send_signal(sign)


def finish(child: Child, *, seconds: float) -> None:
    """Wait so long for a child that was asked to end, and then end whatever is left of its group."""
    with suppress(subprocess.TimeoutExpired):
        child.wait(max(seconds, 0))
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def wait_until(is_so: Callable[[], bool], *, seconds: float) -> bool:
    """Look every 10 ms whether `is_so`; give up after so many seconds."""
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def await_ready(server: Server, child: Child, log: Path, *, seconds: float = 60) -> None:
    """Return when the server answers; raise CouldNotStart with the end of its log when it does not."""
    if wait_until(lambda: child.poll() is not None or server.is_ready(child), seconds=seconds) and child.poll() is None:
        return
    last = "\n".join(log.read_text(errors="replace").splitlines()[-8:])
    raise CouldNotStart(f"{log.stem} did not start. The end of {log} says:\n{last}")


@contextmanager
def running(server: Server, log: Path) -> Generator[Child]:
    """Run a server for as long as the block lasts."""
    child = spawn(server.command, log)
    try:
        await_ready(server, child, log)
        yield child
    finally:
        end(child, server.command.stop, seconds=10)
