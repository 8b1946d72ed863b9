"""Page: GETs of the status page a second, beside nginx with the same bytes, idle and while a blast runs.

    python benchmarks/page.py [--rounds 5] [--seconds 2] [--subscribers 50000]

Both are one process with 32 connections from wrk, which takes a core of its own where there is one: they take turns
within each round, compressed as a browser asks for it. nginx hands the file out with as many headers and no log.
Needs Debian's wrk and nginx-light.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from crowd import Crowd, gather
from front import found, front
from processes import cpu_seconds, peak_memory_mb
from report import Measured, compare
from service import Workers, blast, desk, mail_to, workers
from stage import Stage, free_port, sink, stage

from tocsin.domain.audience import Audiences
from tocsin.embedded.process import Child
from tocsin.web.pages.layout import SECURITY_HEADERS

_CONNECTIONS = 32
_UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3}


@contextmanager
def nginx(set_up: Stage, program: str, page: Path) -> Generator[tuple[int, Child]]:
    """Run nginx with one process on the folder of the page."""
    port = free_port()
    headers = SECURITY_HEADERS | {"Cache-Control": "public, max-age=0, stale-if-error=86400"}
    added = "".join(f'add_header {name} "{value}";' for name, value in headers.items())
    temporary = "".join(
        f"{name}_temp_path {set_up.folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config = set_up.folder / "nginx.conf"
    config.write_text(
        f"pid {set_up.folder}/nginx.pid; worker_processes 1; master_process off; daemon off; error_log stderr;"
        f"events {{ worker_connections 1024; }} http {{ include /etc/nginx/mime.types; access_log off; sendfile on;"
        f"tcp_nopush on; gzip_static on; keepalive_requests 1000000000; {temporary}"
        f"server {{ listen 127.0.0.1:{port}; root {page}; index index.html; {added} }} }}"
    )
    with set_up.process("nginx", [program, "-c", str(config)], {}) as child:
        yield port, child


def wrk(program: str, port: int, seconds: float, server: Child) -> tuple[Measured, float]:
    """Return what one process of a server answers, and its p99 in ms."""
    cpu = cpu_seconds(server.pid)
    url = f"http://127.0.0.1:{port}/"
    command = [
        program,
        "-t1",
        f"-c{_CONNECTIONS}",
        f"-d{seconds:.0f}s",
        "--latency",
        "-H",
        "Accept-Encoding: gzip",
        url,
    ]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in told or "Socket errors" in told:
        raise SystemExit(told)
    answered = int(re.findall(r"(\d+) requests in", told)[0])
    rate = float(re.findall(r"Requests/sec:\s+([\d.]+)", told)[0])
    [(number, unit)] = re.findall(r"99%\s+([\d.]+)(us|ms|s)", told)
    cost = (cpu_seconds(server.pid) - cpu) / answered * 1e6
    return Measured(rate, cost, memory_mb=peak_memory_mb(server.pid)), float(number) * _UNITS[unit]


@contextmanager
def blasting(set_up: Stage, audiences: Audiences, running: Workers) -> Generator[threading.Event]:
    """Tell everyone, again and again; the event is set as soon as the first of it is under way."""
    under_way, enough = threading.Event(), threading.Event()

    async def go_on() -> None:
        async with desk(set_up.database_url, set_up.broker_url, audiences) as publisher:
            while not enough.is_set():
                under_way.set()
                await blast(publisher, running)

    thread = threading.Thread(target=lambda: asyncio.run(go_on()))
    thread.start()
    try:
        yield under_way
    finally:
        enough.set()
        thread.join()


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--seconds", type=float, default=2)
    arguments.add_argument("--subscribers", type=int, default=50_000)
    options = arguments.parse_args()
    programs = found("wrk", "wrk"), found("nginx", "nginx-light")
    if programs[0] is None or programs[1] is None:
        return
    with ExitStack() as stack:
        set_up = stack.enter_context(stage())
        channels = mail_to(stack.enter_context(sink()))
        audiences = asyncio.run(gather(set_up.database_url, Crowd(options.subscribers)))
        running = stack.enter_context(workers(set_up, set_up.database_url, channels))
        web = stack.enter_context(front(set_up, set_up.database_url, channels))
        while not (web.page / "index.html.gz").exists():
            time.sleep(0.1)
        port, other = stack.enter_context(nginx(set_up, programs[1], web.page))
        contenders = {"Tocsin": (web.port, web.child), "nginx": (port, other)}
        wait_until_both_have_it(set_up.folder, web.port, port)
        for condition in ("idle", "in a blast"):
            rounds: list[dict[str, Measured]] = []
            late: dict[str, list[float]] = {name: [] for name in contenders}
            with ExitStack() as while_:
                if condition != "idle":
                    while_.enter_context(blasting(set_up, audiences, running)).wait()
                for _ in range(options.rounds):
                    rounds.append({})
                    for name, (at, child) in contenders.items():
                        rounds[-1][name], p99 = wrk(programs[0], at, options.seconds, child)
                        late[name].append(p99)
            facts = {"p99_ms": late, "bytes": (web.page / "index.html.gz").stat().st_size}
            compare(f"page_{condition.replace(' ', '_')}", f"Page, {condition}: GETs a second", rounds, facts)
            print(
                ", ".join(f"p99 of {name} {statistics.median(some):.1f} ms" for name, some in late.items()), flush=True
            )


def wait_until_both_have_it(folder: Path, *ports: int) -> None:
    """Return when both hand out the very same bytes."""
    for _ in range(200):
        bodies = set()
        for port in ports:
            command = ["curl", "-s", "--noproxy", "*", "-H", "Accept-Encoding: gzip", f"http://127.0.0.1:{port}/"]
            bodies.add(subprocess.run(command, capture_output=True, check=False).stdout)
        if len(bodies) == 1 and bodies != {b""}:
            return
        time.sleep(0.1)
    raise SystemExit(f"The two do not hand out the same: see {folder}")


if __name__ == "__main__":
    main()
