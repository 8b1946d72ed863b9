"""Columns that say the same in every row of a batch go to the database once, not five hundred times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def uniform(column: Sequence[T]) -> tuple[T | None, Sequence[T]]:
    """Return (the value that all of `column` have, nothing more) or (None, the column).

    `unnest` of a shorter array gives NULL, so that `coalesce(x.column, $value)` reads either.
    """
    if not column:
        return None, column
    first = column[0]
    return (first, []) if column.count(first) == len(column) else (None, column)
