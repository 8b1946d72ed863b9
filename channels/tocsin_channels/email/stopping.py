"""Requests of many mails, one after the other: what stops one for all of the account stops the rest as well."""

from __future__ import annotations

from collections.abc import Sequence

from tocsin.domain.channel import Answered, Result
from tocsin.domain.errors import DeliveryError
from tocsin_channels.email.one_by_one import for_all


class Stopping:
    """`answered` hears of each mail once."""

    def __init__(self, answered: Answered) -> None:
        self._answered = answered
        self._stop: DeliveryError | None = None

    def skip(self, indexes: Sequence[int]) -> bool:
        """Answer for mails that need not be tried any more; return whether these are such."""
        if self._stop is None:
            return False
        self._answer_alike(indexes, self._stop)
        return True

    def answer(self, indexes: Sequence[int], results: Sequence[Result]) -> None:
        for index, result in zip(indexes, results, strict=True):
            self._answered(index, result)

    def refuse(self, indexes: Sequence[int], error: DeliveryError) -> None:
        """Answer for the mails of one request that was refused as a whole."""
        self._stop = for_all(error)
        self._answer_alike(indexes, error)

    def _answer_alike(self, indexes: Sequence[int], error: DeliveryError) -> None:
        self.answer(indexes, [error] * len(indexes))
