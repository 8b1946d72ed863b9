"""The life of one worker process: everything it works with is made after the fork and closed before it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from itertools import count
from typing import Any, NamedTuple

import structlog
from celery.signals import task_received, worker_init, worker_process_init, worker_process_shutdown

from tocsin import logs, settings
from tocsin.collector import quieten_collector
from tocsin_workers.app import app
from tocsin_workers.loop import Loop
from tocsin_workers.minding import Line, Minder, end_consumer, hints_waiting
from tocsin_workers.resources import Resources, open_resources
from tocsin_workers.watch import Signs, Watch

log = structlog.get_logger()

_STOP_SECONDS = 8.0


class _Process(NamedTuple):
    loop: Loop
    watch: Watch
    resources: Future[Resources]


this: list[_Process] = []
_line: list[Line] = []  # made by the parent, before its children


async def _open(loaded: settings.Settings, queues: frozenset[str], signs: Signs) -> Resources:
    resources = await open_resources(loaded, queues, signs)
    quieten_collector()
    return resources


def work(call: Callable[[Resources], Coroutine[Any, Any, object]]) -> None:
    """Begin one call on this process's resources, and wait for nothing: the next hint may be about something else.

    Before the database has answered a hint says nothing new, since sweepers begin with a look at everything.
    """
    process = this[0]
    if process.resources.done():
        resources = process.resources.result()
        process.loop.begin(_carry_out(resources, call))


async def _carry_out(resources: Resources, call: Callable[[Resources], Coroutine[Any, Any, object]]) -> None:
    """Do what a hint asks for; what fails here is told, and found again by a sweeper."""
    task = asyncio.current_task()
    assert task is not None
    resources.begun.add(task)
    try:
        await call(resources)
    except Exception:
        log.exception("hint.failed")
    finally:
        resources.begun.discard(task)


@worker_init.connect
def mind_children(**_: object) -> None:
    """Watch over the children that are about to be made, and over the consumer of hints."""
    loaded = settings.load()
    seconds = loaded.delivery.stalled_seconds
    if not seconds:
        return
    taken = count(1)
    seen = [0]

    def note_taken(**_: object) -> None:
        seen[0] = next(taken)

    task_received.connect(note_taken, weak=False)
    _line.append(Line())
    waiting = hints_waiting(loaded.broker_url, sorted(app.amqp.queues.consume_from))
    Minder(_line[0], seconds, waiting, lambda: seen[0], end_consumer).start()


@worker_process_init.connect
def open_process(**_: object) -> None:
    """Begin to work: sweepers run from here on, whether hints come or not."""
    loaded = settings.load()
    logs.configure(loaded.log)
    queues = frozenset(app.amqp.queues.consume_from)
    loop = Loop()
    loop.start()
    signs = Signs()
    seconds = loaded.delivery.stalled_seconds
    heard = _line[0].say if _line else lambda: None
    watch = Watch(loop, signs, loaded.database_url, seconds, heard)
    if seconds:
        watch.start()
    # Not waited for: a child that takes seconds to come up, since its database does, would be killed by its parent.
    this.append(_Process(loop, watch, loop.begin(_open(loaded, queues, signs))))
    log.info("worker.started", queues=sorted(queues))


@worker_process_shutdown.connect
def close_process(**_: object) -> None:
    """Let what is in flight come to its end; what does not is found by whoever works next."""
    if not this or not this[0].resources.done():
        return
    process = this[0]
    process.watch.stop()
    try:
        process.loop.run(process.resources.result().close(), timeout=_STOP_SECONDS)
    except TimeoutError:
        log.warning("worker.stopped_in_flight")
    process.loop.stop()
