"""One event loop in a thread of its own: tasks hand it their work and wait, sweepers run on it all the time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

import uvloop

T = TypeVar("T")


class Loop:
    """An event loop that runs from `start` to `stop`, whatever the process does meanwhile."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="work", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def begin(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Start `work` on the loop and return its future."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def call(self, what: Callable[[], object]) -> None:
        """Have the loop call something as soon as it comes to it."""
        self._loop.call_soon_threadsafe(what)

    def run(self, work: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        """Run `work` on the loop and return its result; raise TimeoutError after `timeout` seconds."""
        return self.begin(work).result(timeout)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=1)
