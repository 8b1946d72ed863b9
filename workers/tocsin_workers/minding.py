"""A worker's parent watches its children, and itself: whoever cannot even end by themselves is ended from here.

Children say that they live over one pipe that they inherit. A child that has been silent for twice as long as it would
take to end itself is killed: it is stopped, or something holds its interpreter. The parent takes hints from the broker;
when they lie there and it takes none for longer than a task may last, it ends itself.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Sequence
from typing import Final

from celery.utils.log import get_logger
from celery.worker import state
from redis import Redis
from redis.exceptions import RedisError

from tocsin.broker import HINT_KEY, redis_url
from tocsin.domain.stillness import Stillness
from tocsin_workers.watch import STOOD_STILL, TICK_SECONDS

log = get_logger(__name__)  # Celery formats what a parent says

_PID_BYTES: Final = 8
_LONGEST_TASK_SECONDS: Final = 60.0  # Celery ends one after 50
_ASK_EVERY: Final = 5
_STOPPING_SECONDS: Final = 20.0


class Line:
    """The pipe on which children say that they live; made before the first of them is."""

    def __init__(self) -> None:
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._reading, False)
        os.set_blocking(self._writing, False)

    def say(self) -> None:
        """Say that this process lives; a parent that does not listen is no reason to wait."""
        try:
            os.write(self._writing, os.getpid().to_bytes(_PID_BYTES, "big"))
        except OSError:
            return

    def heard(self) -> set[int]:
        """Return the processes that have said so since the last time."""
        said = b""
        while True:
            try:
                said += os.read(self._reading, 65_536)
            except BlockingIOError:
                return {int.from_bytes(said[at : at + _PID_BYTES], "big") for at in range(0, len(said), _PID_BYTES)}


class Minder:
    """Looks once a second, in a thread of the parent."""

    def __init__(
        self, line: Line, seconds: float, waiting: Callable[[], int], taken: Callable[[], int], end: Callable[[], None]
    ) -> None:
        self._line, self._seconds, self._waiting, self._taken, self._end = line, seconds, waiting, taken, end
        self._tick = min(TICK_SECONDS, seconds / 10)
        self._stillness = Stillness()
        self._said: dict[int, int] = {}
        self._looks = 0

    def start(self) -> None:
        threading.Thread(target=self._run, name="minder", daemon=True).start()

    def _run(self) -> None:
        pause = threading.Event()
        while not pause.wait(self._tick):
            self.look()

    def look(self) -> None:
        """Look once at each child, and now and then at what lies at the broker."""
        self._look_at_children()
        self._looks += 1
        if self._looks * self._tick >= _ASK_EVERY:
            self._looks = 0
            self._look_at_hints()

    def _look_at_children(self) -> None:
        for pid in self._line.heard():
            self._said[pid] = self._said.get(pid, 0) + 1
        for pid, said in list(self._said.items()):
            if self._stillness.look(pid, said) < 2 * self._seconds / self._tick:
                continue
            del self._said[pid]
            self._stillness.forget(pid)
            if is_own_child(pid):
                log.critical("worker.child_stood_still child=%d", pid)
                os.kill(pid, signal.SIGKILL)

    def _look_at_hints(self) -> None:
        if not self._waiting():
            self._stillness.forget("hints")
        elif self._stillness.look("hints", self._taken()) * _ASK_EVERY >= _LONGEST_TASK_SECONDS + self._seconds:
            self._end()


def is_own_child(pid: int) -> bool:
    """Tell whether a process is still a child of this one and runs: its number may be another's by now."""
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
    except (ChildProcessError, AttributeError):  # the latter where the system knows no such call
        return False


def hints_waiting(broker_url: str, queues: Sequence[str]) -> Callable[[], int]:
    """Return how to count the hints that lie in `queues`; none where the broker does not answer or is no Redis."""
    if not broker_url.startswith(("redis://", "rediss://", "redis+socket://")):
        return lambda: 0
    client = Redis.from_url(redis_url(broker_url), socket_timeout=1, socket_connect_timeout=1)

    def count() -> int:
        try:
            return sum(int(client.llen(HINT_KEY.format(queue=queue))) for queue in queues)
        except (RedisError, OSError):
            return 0

    return count


def end_consumer() -> None:
    """Have Celery stop with a code that is not success, and end without it where it does not."""
    log.critical("worker.consumer_stood_still pid=%d", os.getpid())
    state.should_stop = STOOD_STILL  # type: ignore[assignment]  # a code, where Celery begins with None
    timer = threading.Timer(_STOPPING_SECONDS, os._exit, [STOOD_STILL])
    timer.daemon = True
    timer.start()
