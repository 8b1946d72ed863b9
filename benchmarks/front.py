"""The web as it is measured: one process behind a port, keys to call it with, and load from processes of their own."""

from __future__ import annotations

import asyncio
import json
import math
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from processes import cpu_seconds
from service import environment_of
from stage import Stage, free_port

from tocsin.domain.scope import Scope
from tocsin.embedded.process import Child
from tocsin.services.keys import create_key
from tocsin.store.engine import make_engine

_OPEN_LOOP = Path(__file__).parent / "open_loop.py"
_START_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Front:
    """A running web: its port, its process, and where it writes nothing but reads the page from."""

    port: int
    child: Child
    page: Path

    def ask(self) -> httpx.Client:
        return httpx.Client(base_url=f"http://127.0.0.1:{self.port}", trust_env=False, timeout=30)


@contextmanager
def front(set_up: Stage, database_url: str, channels: Mapping[str, str]) -> Generator[Front]:
    """Run the web for as long as the block lasts."""
    port = free_port()
    environment = environment_of(set_up, database_url, channels)
    command = [sys.executable, "-m", "tocsin.cli.main", "web", "--port", str(port)]
    with set_up.process("web", command, environment) as child:
        made = Front(port, child, set_up.folder / "home" / "page")
        wait_until_ready(made, set_up.folder / "web.log")
        yield made


def wait_until_ready(made: Front, log: Path) -> None:
    """Return when the web answers; end with the last words of its log where it does not."""
    until = time.monotonic() + _START_SECONDS
    with made.ask() as client:
        while not _is_ready(client):
            if time.monotonic() > until:
                raise SystemExit(log.read_text()[-2500:])
            time.sleep(0.1)


def _is_ready(client: httpx.Client) -> bool:
    try:
        return client.get("/healthz").is_success
    except httpx.TransportError:
        return False


def make_keys(database_url: str, count: int) -> list[str]:
    """Return so many new keys that may do everything, and as often as they like."""

    async def make() -> list[str]:
        engine = make_engine(database_url, pool_size=1)
        often = 100_000_000
        made = [
            await create_key(engine, f"bench {number}", [Scope.ADMIN], requests_per_minute=often)
            for number in range(count)
        ]
        await engine.dispose()
        return [secret for secret, _ in made]

    return asyncio.run(make())


@dataclass(frozen=True, slots=True)
class Load:
    """What came of a load: answers a second, how long they took in ms, and what they cost the server in us each."""

    per_second: float
    p50: float
    p99: float
    most: float
    server_us: float
    statuses: Mapping[str, int]
    generator_busy: float = 0.0


def at_rate(
    front: Front, requests: Sequence[str], rate: float, seconds: float, *, server: int, connections: int = 64
) -> Load:
    """Send `requests` in turns at a fixed rate from another process; `server` is the process whose work is counted."""
    plan = {"host": "127.0.0.1", "port": front.port, "rate": rate, "seconds": seconds}
    plan |= {"connections": connections, "requests": list(requests)}
    cpu = cpu_seconds(server)
    ran = subprocess.run(
        [sys.executable, str(_OPEN_LOOP)], input=json.dumps(plan), capture_output=True, text=True, check=True
    )
    told = json.loads(ran.stdout)
    took = told["seconds_each"] or [math.inf]
    return Load(
        per_second=len(took) / max(seconds, told["lasted"]),
        p50=statistics.median(took) * 1e3,
        p99=percentile(took, 0.99) * 1e3,
        most=took[-1] * 1e3,
        server_us=(cpu_seconds(server) - cpu) / len(took) * 1e6,
        statuses=told["statuses"],
        generator_busy=told["busy"],
    )


def percentile(ordered: Sequence[float], part: float) -> float:
    """Return the value that `part` of the ordered values do not exceed."""
    return ordered[min(len(ordered) - 1, math.ceil(len(ordered) * part) - 1)]


def found(program: str, package: str) -> str | None:
    """Return the path of a program that a measurement can do without; say how to get it where it is missing."""
    path = shutil.which(program, path="/usr/local/bin:/usr/bin:/usr/sbin")
    if path is None:
        print(f"{program} is missing, and what it measures is left out. On Debian: apt-get install {package}")
    return path
