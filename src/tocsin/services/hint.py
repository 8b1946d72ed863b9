"""Tells workers that there is work, after the commit: never waits, never fails, and may be lost."""

from __future__ import annotations

import queue
import threading
import time

import structlog
from kombu.exceptions import OperationalError

from tocsin.broker import DELIVER, FAN_OUT, HINT_EXPIRES_SECONDS, make_celery
from tocsin.domain.channel import ChannelName

log = structlog.get_logger()

_WAITING = 100  # more hints than this say nothing new
_FAN_OUT_APART_SECONDS = 0.02  # one hint tells of all that was promised before it


class Hints:
    """Sends hints from a thread of its own, so that a broker that hangs delays nobody."""

    def __init__(self, broker_url: str) -> None:
        self._celery = make_celery(broker_url, publisher=True)
        self._waiting: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._fan_out_waits = False
        self._thread = threading.Thread(target=self._send, name="hints", daemon=True)
        self._thread.start()

    def fan_out(self) -> None:
        """Say that the outbox holds a promise."""
        if not self._fan_out_waits:
            self._fan_out_waits = True
            self._put(FAN_OUT)

    def deliver(self, channel: ChannelName) -> None:
        """Say that endpoints of `channel` are owed something."""
        self._put(DELIVER[channel])

    def close(self) -> None:
        """Send what still waits and stop, within two seconds."""
        self._waiting.put(None)
        self._thread.join(timeout=2)

    def _put(self, task: str) -> None:
        if self._waiting.qsize() < _WAITING:
            self._waiting.put(task)

    def _send(self) -> None:
        next_fan_out = 0.0
        while (task := self._waiting.get()) is not None:
            if task == FAN_OUT:
                time.sleep(max(0.0, next_fan_out - time.monotonic()))
                next_fan_out = time.monotonic() + _FAN_OUT_APART_SECONDS
                self._fan_out_waits = False  # before it is sent: what is promised from now on has a hint of its own
            try:
                self._celery.send_task(task, expires=HINT_EXPIRES_SECONDS, ignore_result=True)
            except (OperationalError, OSError, TimeoutError) as error:
                log.warning("hint.lost", task=task, error=str(error))  # a sweeper finds the work within seconds
