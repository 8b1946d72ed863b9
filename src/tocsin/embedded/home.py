"""The folder that holds all of a Tocsin's state, and the lock that lets one `tocsin up` at a time use it."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from tocsin.domain.vapid_key import new_private_key
from tocsin.embedded.process import CouldNotStart
from tocsin.settings import new_secret

# What is written into the home for the command line: see local.py.
KEY = "cli.key"
ADDRESS = "address"
DATABASE = "database.url"
_ENDING_SECONDS = 1.0  # for what a parent that was killed a moment ago left on the port


def make_home(home: Path) -> Path:
    """Make the folder, which is nobody else's business, and return its whole path."""
    home = home.expanduser().absolute()
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        (home / "logs").mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise CouldNotStart(
            f"{home} cannot be used as a home: {error.strerror}. Choose another with --home."
        ) from error
    return home


@contextmanager
def held(home: Path) -> Generator[Path]:
    """Hold the home for as long as the block lasts; raise CouldNotStart where another `tocsin up` does."""
    path = home / "up.lock"
    with path.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = path.read_text().split("\n")
            where = f" on {holder[1]}" if len(holder) > 1 and holder[1] else ""
            raise CouldNotStart(
                f"Tocsin already runs in {home}{where} (process {holder[0] or 'unknown'}). "
                "Stop that one first, or choose another home with --home."
            ) from None
        note(path, "")
        yield path
        lock.truncate(0)


def note(lock: Path, address: str) -> None:
    """Write who holds the lock and where it answers, for the message that a second one gives."""
    lock.write_text(f"{os.getpid()}\n{address}\n")


def listen(host: str, port: int) -> socket.socket:
    """Take the port before anything else starts; connections wait there until the web answers, restarts included."""
    deadline = time.monotonic() + _ENDING_SECONDS
    while True:
        try:
            return _listen(host, port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise CouldNotStart(f"Tocsin cannot listen on {host}, port {port}: {error.strerror}.") from error
            if time.monotonic() > deadline:
                raise CouldNotStart(
                    f"Port {port} on {host} is in use. Stop what uses it, or choose another: --port {port + 1}"
                ) from error
            time.sleep(0.05)


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(1024)
    except OSError:
        listener.close()
        raise
    return listener


def keep_secret(home: Path) -> Path:
    """Return the file with this home's secret, made at the first start."""
    path = home / "secret"
    if not path.exists():
        write_private(path, new_secret())
    return path


def keep_push_key(home: Path) -> Path:
    """Return the file with the key that browsers subscribe to this home by, made at the first start."""
    path = home / "push.key"
    if not path.exists():
        write_private(path, new_private_key())
    return path


def keep_port(path: Path) -> int:
    """Return a free port on loopback, the one that `path` remembers if it is still free: addresses name it."""
    kept = int(path.read_text()) if path.exists() else 0
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", kept))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    if port != kept:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        write_private(path, str(port))
    return port


def write_private(path: Path, content: str) -> None:
    """Write a file that only this user may read, whole or not at all."""
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(content + "\n")
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
