"""Ends what a killed parent left: reads on standard input who runs, and when that ends, so do they.

Run as a script with the standard library alone, in a session of its own. Each line is `+PID SIGNAL` or `-PID`; PID
leads a process group. It is what a kernel without death signals has, and catches grandchildren where there are some.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterable
from contextlib import suppress

_PATIENCE_SECONDS = 5


def main() -> None:
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    end_all(read(sys.stdin.buffer))


def read(lines: Iterable[bytes]) -> dict[int, int]:
    """Return who runs when the lines end, each with the signal that ends it."""
    running: dict[int, int] = {}
    for line in lines:
        words = line.split()
        if words[0].startswith(b"+"):
            running[int(words[0])] = int(words[1])
        else:
            running.pop(-int(words[0]), None)
    return running


def end_all(running: dict[int, int]) -> None:
    """Send each its signal, and SIGKILL to what is left of its group once it is gone or has had its time."""
    for pid, sign in running.items():
        with suppress(OSError):
            os.kill(pid, sign)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while any(map(_is_alive, running)) and time.monotonic() < deadline:
        time.sleep(0.01)
    for pid in running:
        with suppress(OSError):
            os.killpg(pid, signal.SIGKILL)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    main()
