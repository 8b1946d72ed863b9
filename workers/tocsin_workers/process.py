"""The life of one worker process: everything it works with is made after the fork and closed before it ends."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, NamedTuple

import structlog
from celery.signals import worker_process_init, worker_process_shutdown

from tocsin import logs, settings
from tocsin.collector import quieten_collector
from tocsin_workers.app import app
from tocsin_workers.loop import Loop
from tocsin_workers.resources import Resources, open_resources

log = structlog.get_logger()

_STOP_SECONDS = 8.0


class _Process(NamedTuple):
    loop: Loop
    resources: Future[Resources]


_this: list[_Process] = []


async def _open(loaded: settings.Settings, queues: frozenset[str]) -> Resources:
    resources = await open_resources(loaded, queues)
    quieten_collector()
    return resources


def work(call: Callable[[Resources], Coroutine[Any, Any, object]]) -> None:
    """Make one call on this process's resources, once its database has answered."""
    process = _this[0]
    process.loop.run(call(process.resources.result()))


@worker_process_init.connect
def open_process(**_: object) -> None:
    """Begin to work: sweepers run from here on, whether hints come or not."""
    loaded = settings.load()
    logs.configure(loaded.log)
    queues = frozenset(app.amqp.queues.consume_from)
    loop = Loop()
    loop.start()
    # Not waited for: a child that takes seconds to come up, since its database does, would be killed by its parent.
    _this.append(_Process(loop, loop.begin(_open(loaded, queues))))
    log.info("worker.started", queues=sorted(queues))


@worker_process_shutdown.connect
def close_process(**_: object) -> None:
    """Let what is in flight come to its end; what does not is found by whoever works next."""
    if not _this or not _this[0].resources.done():
        return
    process = _this[0]
    try:
        process.loop.run(process.resources.result().close(), timeout=_STOP_SECONDS)
    except TimeoutError:
        log.warning("worker.stopped_in_flight")
    process.loop.stop()
