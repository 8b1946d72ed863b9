"""Questions asked together: each gets its own answer, none an older one, and no asker takes another's along."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from tocsin.domain.errors import NotReady
from tocsin.web.together import Together


class Oracle:
    """Doubles numbers when it is let; below zero it cannot tell."""

    def __init__(self) -> None:
        self.asked: list[Sequence[int]] = []
        self.open = asyncio.Event()

    async def __call__(self, numbers: Sequence[int]) -> list[int]:
        self.asked.append(numbers)
        await self.open.wait()
        if min(numbers) < 0:
            raise OSError("It does not answer.")
        return [2 * number for number in numbers]


async def asking(together: Together[int, int], *numbers: int) -> asyncio.Task[Sequence[int]]:
    """Ask, and return as soon as the question has been put."""
    task = asyncio.create_task(together(*numbers))
    for _ in range(3):
        await asyncio.sleep(0)
    return task


async def test_what_comes_at_once_is_asked_in_one() -> None:
    oracle = Oracle()
    together = Together(oracle, most=100)
    oracle.open.set()
    first, second, third = await asyncio.gather(together(1), together(2, 3), together(1))
    assert [first, second, third] == [[2], [4, 6], [2]]
    assert oracle.asked == [[1, 2, 3, 1]]


async def test_what_comes_while_others_are_asked_is_not_answered_by_what_was_known_before() -> None:
    oracle = Oracle()
    together = Together(oracle, most=100)
    first, second, third = [await asking(together, number) for number in (1, 1, 2)]
    assert oracle.asked == [[1]]
    oracle.open.set()
    assert [await first, await second, await third] == [[2], [2], [4]]
    assert oracle.asked == [[1], [1, 2]]


async def test_who_goes_away_takes_nobodys_answer_along() -> None:
    oracle = Oracle()
    together = Together(oracle, most=100)
    gone = asyncio.create_task(together(1))
    staying = await asking(together, 2)
    assert oracle.asked == [[1, 2]]
    gone.cancel()
    oracle.open.set()
    assert await staying == [4]


async def test_what_cannot_be_told_is_told_to_all_who_asked_and_to_nobody_later() -> None:
    oracle = Oracle()
    together = Together(oracle, most=100)
    oracle.open.set()
    told = await asyncio.gather(together(-1), together(2), return_exceptions=True)
    assert [type(one) for one in told] == [OSError, OSError]
    assert await together(2) == [4]


async def test_what_waits_is_bounded() -> None:
    oracle = Oracle()
    together = Together(oracle, most=3)
    under_way = [await asking(together, 1), await asking(together, 2, 3)]
    with pytest.raises(NotReady, match="Try again"):
        await together(4, 5)
    under_way.append(await asking(together, 6))
    oracle.open.set()
    assert [await one for one in under_way] == [[2], [4, 6], [12]]
    assert await together(4, 5) == [8, 10]
