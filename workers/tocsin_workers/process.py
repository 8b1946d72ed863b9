"""The life of one worker process: its resources are made after the fork and closed before it ends."""

from __future__ import annotations

from concurrent.futures import Future

import structlog
from celery.signals import worker_process_init, worker_process_shutdown

from tocsin import logs, settings
from tocsin_workers.app import app
from tocsin_workers.loop import Loop
from tocsin_workers.resources import Resources, open_resources

log = structlog.get_logger()

_STOP_SECONDS = 8.0

loop = Loop()
_opened: list[Future[Resources]] = []


def resources() -> Resources:
    """Return this process's own resources, once its database has answered."""
    return _opened[0].result()


@worker_process_init.connect
def open_process(**_: object) -> None:
    """Begin to work: sweepers run from here on, whether hints come or not."""
    loaded = settings.load()
    logs.configure(loaded.log)
    loop.start()
    queues = frozenset(app.amqp.queues.consume_from)
    # Not waited for: a child that takes seconds to come up, since its database does, would be killed by its parent.
    _opened.append(loop.begin(open_resources(loaded, queues)))
    log.info("worker.started", queues=sorted(queues))


@worker_process_shutdown.connect
def close_process(**_: object) -> None:
    """Let what is in flight come to its end; what does not is found by whoever works next."""
    if not _opened or not _opened[0].done():
        return
    try:
        loop.run(resources().close(), timeout=_STOP_SECONDS)
    except TimeoutError:
        log.warning("worker.stopped_in_flight")
    loop.stop()
