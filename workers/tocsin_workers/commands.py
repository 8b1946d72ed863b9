"""How a worker is started: the one command line that `tocsin up`, `tocsin worker` and docker-compose share."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def worker_command(queues: Sequence[str], concurrency: int, name: str) -> list[str]:
    """Return the command of a worker with `concurrency` processes on `queues`; `name` tells it from others."""
    return [
        sys.executable,
        *("-m", "celery", "--app", "tocsin_workers.app", "worker"),
        *("--queues", ",".join(queues)),
        *("--concurrency", str(concurrency)),
        *("--hostname", f"{name}@%h"),
        *("--loglevel", "WARNING", "--without-gossip", "--without-mingle"),
    ]
