"""Signals as a loop sees them: it sleeps until a child ends, somebody asks it to stop, or time is up."""

from __future__ import annotations

import os
import select
import signal
from types import FrameType
from typing import NoReturn

_STOP = [signal.SIGTERM, signal.SIGINT]
if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup has its way
    _STOP.append(signal.SIGHUP)


class StopAsked(BaseException):
    """Somebody asked the tree to stop while it was being started."""


class Signals:
    """From `__init__` on a request to stop raises StopAsked; from `begin_waiting` on it sets `stop_asked`."""

    def __init__(self) -> None:
        self.stop_asked = False
        self._reading, self._writing = os.pipe()
        for end in (self._reading, self._writing):
            os.set_blocking(end, False)
        for sign in _STOP:
            signal.signal(sign, self._interrupt)

    def begin_waiting(self) -> None:
        signal.set_wakeup_fd(self._writing, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, self._note)
        for sign in _STOP:
            signal.signal(sign, self._note)

    def wait(self, seconds: float) -> None:
        """Return at the next signal, or when so much time has passed."""
        if select.select([self._reading], [], [], seconds)[0]:
            os.read(self._reading, 4096)

    def ignore(self) -> None:
        """Stopping takes 15 s at most and is under way: asking again changes nothing."""
        for sign in _STOP:
            signal.signal(sign, signal.SIG_IGN)

    def _interrupt(self, number: int, frame: FrameType | None) -> NoReturn:
        del number, frame
        self.ignore()
        raise StopAsked

    def _note(self, number: int, frame: FrameType | None) -> None:
        del frame
        self.stop_asked = self.stop_asked or number in _STOP
