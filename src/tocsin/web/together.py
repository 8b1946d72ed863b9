"""Questions that come at once are asked together: one query, or one round to the broker, for all that wait."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from tocsin.domain.errors import NotReady

Question = TypeVar("Question")
Answer = TypeVar("Answer")


class Together(Generic[Question, Answer]):
    """Asks one round at a time; what comes meanwhile shares the next, so that no answer is older than its question."""

    def __init__(self, ask: Callable[[Sequence[Question]], Awaitable[Sequence[Answer]]], most: int) -> None:
        self._ask = ask
        self._most = most
        self._turn = asyncio.Lock()
        self._waiting: list[Question] = []
        self._next: asyncio.Task[Sequence[Answer]] | None = None

    async def __call__(self, *questions: Question) -> Sequence[Answer]:
        """Return the answers, in order; raise what asking raised, and NotReady where too many wait already."""
        first = len(self._waiting)
        if first + len(questions) > self._most:
            raise NotReady("Too many requests wait to be let in. Try again in a few seconds.")
        self._waiting += questions
        if self._next is None:
            self._next = asyncio.create_task(self._round())
        answers = await asyncio.shield(self._next)  # whoever goes away takes nobody's answer along
        return answers[first : first + len(questions)]

    async def _round(self) -> Sequence[Answer]:
        async with self._turn:
            asked, self._waiting, self._next = self._waiting, [], None
            return await self._ask(asked)
