"""A worker process that stands still ends itself, so that its parent starts another in its place.

Two things count as standing still: an event loop that runs nothing, and sweepers or claims that get nothing done while
the database, asked on a connection of its own, says that work of theirs has been due all the time. Whoever waits for a
database that is down, for a provider, for the end of a pause or for work at all is left alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import os
import threading
from collections.abc import Callable, Mapping
from typing import Final

import structlog

from tocsin.domain.channel import ChannelName
from tocsin.domain.stillness import Stillness
from tocsin.services.pulse import Pulse
from tocsin.services.way import Way
from tocsin.store.overdue import FAN_OUT, ask_overdue
from tocsin_workers.loop import Loop

log = structlog.get_logger()

STOOD_STILL: Final = 70  # the exit code
TICK_SECONDS: Final = 1.0
_ASK: Final = 3  # so often the database has to say it within `stalled_seconds`
_LAST_WORDS_SECONDS: Final = 5.0
_LOOP: Final = "loop"


class Signs:
    """What a process's parts have done so far: sweepers by what they look for, and its ways out."""

    def __init__(self) -> None:
        self.deliveries = Pulse()
        self.outbox = Pulse()
        self.ways: Mapping[ChannelName, Way] = {}
        self.serves: frozenset[str] = frozenset()  # channels, and `fan_out`

    def stand(self, stillness: Stillness, least: float) -> set[str]:
        """Look once at each part; return what of `serves` nothing has been done about for `least` looks."""
        sweeper = stillness.look("deliveries", self.deliveries.beats) >= least
        outbox = stillness.look(FAN_OUT, self.outbox.beats) >= least
        found = {FAN_OUT} if outbox else set[str]()
        for name, way in self.ways.items():
            claims = stillness.look(name, way.claims) >= least
            # What a provider has in hand is held by a lease; it takes the time that its driver allows.
            if claims and way.sending == 0 and (sweeper or way.running):
                found.add(name)
        return found & self.serves


class Watch:
    """Looks once a second, in a thread of its own. `heard` is called on the loop each time, `end` when it is over."""

    def __init__(
        self,
        loop: Loop,
        signs: Signs,
        database_url: str,
        seconds: float,
        heard: Callable[[], None] = lambda: None,
        end: Callable[[str], None] | None = None,
    ) -> None:
        self._loop, self._signs, self.database_url, self._seconds = loop, signs, database_url, seconds
        self._heard, self._end = heard, end or end_this_process
        self._stillness = Stillness()
        self._loop_beats = 0
        self._answers = 0
        self._since_asked = 0
        self._stopped = threading.Event()
        self._tick = min(TICK_SECONDS, seconds / 10)

    def start(self) -> None:
        threading.Thread(target=self._run, name="watch", daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.wait(self._tick):
            self.look()

    def look(self) -> None:
        """Look once; end this process where it has stood still for long enough."""
        least = self._seconds / self._tick
        with contextlib.suppress(RuntimeError):  # the loop is closing
            self._loop.call(self._beat)
        if self._stillness.look(_LOOP, self._loop_beats) >= least:
            self._end("the event loop runs nothing")
            return
        standing = self._signs.stand(self._stillness, least)
        self._since_asked += 1
        if not standing:
            self._answers = 0
        elif self._since_asked >= least / _ASK:
            self._since_asked = 0
            due = asyncio.run(ask_overdue(self.database_url, self._seconds))
            self._answers = self._answers + 1 if due and due & standing else 0
            if due and self._answers >= _ASK:
                self._end(f"nobody takes up what is due: {', '.join(sorted(due & standing))}")

    def _beat(self) -> None:
        self._loop_beats += 1
        self._heard()


def end_this_process(why: str) -> None:
    """Say why and where every thread is, and end at once: whatever would be asked to stop might stand still too."""
    faulthandler.dump_traceback_later(_LAST_WORDS_SECONDS, exit=True)  # should even the log stand still
    log.critical("worker.stood_still", why=why, pid=os.getpid())
    faulthandler.dump_traceback(all_threads=True)
    os._exit(STOOD_STILL)
