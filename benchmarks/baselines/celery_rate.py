"""How fast a Celery sender works off its queue: prints deliveries a second and their cost as one line of JSON.

    python celery_rate.py usual|lean|noop COUNT

All tasks are published before the clock starts, and the worker is warm: what is measured is sending alone, which
favours these senders. BASELINE_DATABASE, BASELINE_BROKER, BASELINE_SMTP_PORT and BASELINE_DATABASE_PID say with what.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from processes import cpu_seconds, peak_memory_mb

WARM_UP = 100
# At its best it waits for the database's disk with some processes while others work; nothing else here waits.
PROCESSES = {"usual": 2, "lean": 4, "noop": 2}
QUEUE = "mail"


@contextmanager
def worker(module: str, processes: int) -> Generator[int]:
    """Run a worker that takes nothing but what its first queue brings."""
    start = f"-m celery --app {module} --workdir {Path(__file__).parent} worker --concurrency {processes}"
    options = "--queues first --without-gossip --without-mingle --loglevel ERROR"
    command = [sys.executable, *start.split(), *options.split()]
    child = subprocess.Popen(command, process_group=0, stdout=subprocess.DEVNULL)
    try:
        yield child.pid
    finally:
        child.terminate()
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def until(is_so: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            raise SystemExit("The tasks did not come to their end.")
        time.sleep(0.02)


def waiting(app: Any) -> int:
    """Return how many tasks the broker holds, those included that are taken and not acknowledged."""
    with app.connection() as connection:
        broker = connection.default_channel.client
        return int(broker.llen("first") + broker.llen(QUEUE) + broker.hlen("unacked"))


def main(sender: str, count: int) -> None:
    module = import_module("lean" if sender == "noop" else sender)
    publish = module.publish_noop if sender == "noop" else module.publish
    database = int(os.environ["BASELINE_DATABASE_PID"])
    module.prepare(count + WARM_UP)
    with worker(module.__name__, PROCESSES[sender]) as pid:
        # All processes take tasks of the first queue: they have their connections when the clock starts.
        publish(count + 1, count + WARM_UP, "first")
        until(lambda: not waiting(module.app) and (sender == "noop" or module.recorded() == WARM_UP), 60)
        publish(1, count, QUEUE)
        module.app.control.add_consumer(QUEUE)
        until(lambda: waiting(module.app) < count, 60)
        cpu, database_cpu, started = cpu_seconds(pid), cpu_seconds(database), time.perf_counter()
        if sender == "noop":
            until(lambda: not waiting(module.app), 300)
        else:
            until(lambda: module.recorded() == count + WARM_UP, 300)
        seconds = time.perf_counter() - started
        measured = {
            "per_second": count / seconds,
            "cpu_us": (cpu_seconds(pid) - cpu) / count * 1e6,
            "database_us": (cpu_seconds(database) - database_cpu) / count * 1e6,
            "memory_mb": peak_memory_mb(pid),
        }
    print(json.dumps(measured))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
