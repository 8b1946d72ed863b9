"""What a benchmark stands on: the real database, broker and workers in a folder of its own, and Postfix's mail sink."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from processes import own_cpu
from report import Measured

from tocsin.embedded.postgres import DURABLE, Postgres
from tocsin.embedded.process import Child, Command, end, running, spawn
from tocsin.embedded.valkey import Valkey


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(frozen=True, slots=True)
class Stage:
    folder: Path
    database_url: str
    broker_url: str
    database: Child

    @contextmanager
    def process(self, name: str, arguments: Sequence[str], environment: dict[str, str]) -> Generator[Child]:
        """Run one more process for as long as the block lasts."""
        child = spawn(Command(list(arguments), environment=environment), self.folder / f"{name}.log")
        try:
            yield child
        finally:
            end(child, Command([]).stop, seconds=15)


@contextmanager
def stage() -> Generator[Stage]:
    """Start a durable PostgreSQL and a Valkey, and take everything down at the end."""
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="tocsin-bench-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        settings = DURABLE | {"shared_buffers": "512MB", "max_wal_size": "8GB"}
        postgres = Postgres(folder / "database", folder / "run", settings)
        postgres.prepare(folder / "database.log")
        database = stack.enter_context(running(postgres, folder / "database.log"))
        valkey = Valkey(folder / "broker", folder / "run")
        valkey.prepare()
        stack.enter_context(running(valkey, folder / "broker.log"))
        yield Stage(folder, postgres.url("postgres"), valkey.url, database)


@contextmanager
def sink() -> Generator[int]:
    """Run Postfix's smtp-sink on a free port; it takes every message and forgets it."""
    found = shutil.which("smtp-sink", path="/usr/sbin:/usr/lib/postfix/sbin:/usr/bin")
    if found is None:
        raise SystemExit("smtp-sink is missing. On Debian: apt-get install postfix")
    port = free_port()
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    child = subprocess.Popen([found, *user, f"127.0.0.1:{port}", "1024"])
    try:
        _wait_for_port(port)
        yield port
    finally:
        child.terminate()
        child.wait()


def smtp_source(port: int, messages: int, size: int = 4176) -> Measured:
    """Send with Postfix's own load generator, 16 sessions that keep their connections."""
    found = shutil.which("smtp-source", path="/usr/sbin:/usr/lib/postfix/sbin:/usr/bin")
    assert found is not None
    cpu, started = own_cpu(), time.perf_counter()
    subprocess.run([found, "-d", "-s", "16", "-m", str(messages), "-l", str(size), f"127.0.0.1:{port}"], check=True)
    seconds = time.perf_counter() - started
    return Measured(messages / seconds, (own_cpu() - cpu) / messages * 1e6)


def _wait_for_port(port: int) -> None:
    for _ in range(500):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.01)
    raise SystemExit(f"Nothing listens on port {port}.")
