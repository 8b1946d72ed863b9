"""The mails of one `send`, shared by the connections that carry them: each takes the next when it has a free hand."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import Any

from tocsin.domain.answers import Begins
from tocsin.domain.channel import Answered, Result
from tocsin.domain.errors import TryAgain
from tocsin_channels.email.letter import Copy

_TAKES = 3


class Batch:
    """Every copy is answered for exactly once; `finished` is done when all are.

    A copy begins with its data: until then it may go back, and nothing of it can have arrived.
    """

    def __init__(self, copies: Iterable[Copy], answered: Answered, begins: Begins) -> None:
        self._waiting = deque(copies)
        self._begins = begins
        self._open = len(self._waiting)
        self._answered = answered
        self._returned: dict[int, int] = {}
        self._back = asyncio.Event()
        self._hands_free = 0
        self.finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if not self._open:
            self.finished.set_result(None)

    @property
    def open(self) -> int:
        """Return how many copies were not answered for yet."""
        return self._open

    @property
    def has_free_hand(self) -> bool:
        """Tell whether a connection waits for something to carry."""
        return self._hands_free > 0

    def take(self) -> Copy | None:
        return self._waiting.popleft() if self._waiting else None

    def begin(self, copy: Copy) -> None:
        """Say that the data of a copy goes out now: unknown from here on, if this process dies."""
        self._begins([copy.index])

    def answer(self, copy: Copy, result: Result) -> None:
        self._open -= 1
        if not self._open:
            self.finished.set_result(None)
        self._answered(copy.index, result)

    def put_back(self, copy: Copy, why: TryAgain) -> None:
        """Take back a copy of which no byte of data went out; one that ended several connections has had its chance."""
        taken = self._returned.get(copy.index, 0) + 1
        self._returned[copy.index] = taken
        if taken >= _TAKES:
            self.answer(copy, why)
        else:
            self.pass_on(copy)

    def pass_on(self, copy: Copy) -> None:
        """Leave a copy to another connection: this one is held up."""
        self._waiting.appendleft(copy)
        self._back.set()

    async def more(self) -> bool:
        """Tell whether a copy waits, now or because another connection brings one back; False once all are answered."""
        while not self._waiting and self._open:
            self._back.clear()
            self._hands_free += 1
            back = asyncio.create_task(self._back.wait())
            either: set[asyncio.Future[Any]] = {back, self.finished}
            try:
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            finally:
                self._hands_free -= 1
                back.cancel()
        return bool(self._waiting)

    def answer_rest(self, result: Result) -> None:
        """Answer alike for all that nobody took."""
        while self._waiting:
            self.answer(self._waiting.popleft(), result)
