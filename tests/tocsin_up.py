"""Runs `tocsin up` as a person does, and looks at its processes from outside."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import httpx

COMMAND = (sys.executable, "-m", "tocsin.cli.main", "up")


def until(is_so: Callable[[], bool], what: str, *, seconds: float = 60) -> None:
    """Wait until something is so; fail with its name when it never is."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"It was waited {seconds:.0f} s in vain until {what}."
        time.sleep(0.02)


@dataclass
class Up:
    """One `tocsin up` on a free port; `wait` returns when it says that it is ready."""

    home: Path
    arguments: Sequence[str] = ("--port", "0")
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    before: Sequence[str] = ()  # what is typed before the command

    def __post_init__(self) -> None:
        self.home.parent.mkdir(parents=True, exist_ok=True)
        self._output = self.home.parent / f"{self.home.name}.{time.monotonic_ns()}.out"
        told = {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")}
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                [*self.before, *COMMAND, "--home", str(self.home), *self.arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**told, **self.environment},
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        return self._output.read_text()

    @property
    def url(self) -> str:
        return self._shown("Status page").rstrip("/")

    @property
    def key(self) -> str:
        return (self.home / "cli.key").read_text().strip()

    def client(self) -> httpx.Client:
        """Return a client of the API with this home's key."""
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {self.key}"}, timeout=10)

    def wait(self) -> Up:
        """Return when it is ready."""
        until(self._has_begun_or_ended, "`tocsin up` is ready", seconds=240)
        assert self.process.poll() is None, self.output
        return self

    def _has_begun_or_ended(self) -> bool:
        return "Ready after" in self.output or self.process.poll() is not None

    def is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz").is_success
        except httpx.TransportError:
            return False

    def end(self, sign: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(sign)
        return self.process.wait(timeout=20)

    def descendants(self) -> dict[int, str]:
        """Return the processes below this one, each with its command line, and which one each is."""
        parents = {pid: parent for pid, parent in map(_parent, _pids()) if parent}
        found = {self.process.pid}
        while more := {pid for pid, parent in parents.items() if parent in found} - found:
            found |= more
        return {pid: _identity(pid) for pid in found - {self.process.pid}}

    def pid_of(self, name: str) -> int:
        """Return the number of a part, as the screen shows it."""
        found = re.findall(rf"\b{name} (?:runs again as process )?(\d+)\b", self.output)
        assert found, self.output
        return int(found[-1])

    def _shown(self, name: str) -> str:
        found = re.search(rf"^{name} +(.*)$", self.output, re.MULTILINE)
        assert found, self.output
        return found[1]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.end(signal.SIGKILL)
        self._output.unlink(missing_ok=True)


def are_gone(processes: Mapping[int, str]) -> bool:
    """Return whether none of these processes runs any more; a number that another program bears now is no matter."""
    return not any(_identity(pid) == identity for pid, identity in processes.items())


def processes_naming(home: Path) -> list[str]:
    """Return the command lines of all processes that were told of this home."""
    return [_identity(pid) for pid in _pids() if _names(pid, home)]


def _names(pid: int, home: Path) -> bool:
    try:
        told = Path(f"/proc/{pid}/environ").read_bytes() + Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return os.fsencode(home) in told


def _pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _parent(pid: int) -> tuple[int, int]:
    fields = _stat(pid)
    return pid, int(fields[1]) if fields else 0


def _identity(pid: int) -> str:
    """Return when the process was started and its command line; nothing for one that is dead and not yet buried."""
    fields = _stat(pid)
    if not fields or fields[0] == "Z":
        return f"{pid} is gone since {time.monotonic_ns()}"
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return f"{pid} is gone since {time.monotonic_ns()}"
    return f"{fields[19]} {command}"


def _stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
