"""SQL written with :names for the driver itself, which counts its parameters: readable, and as quick as bare."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import text
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg


class Statement:
    """One statement: `sql` has $1, $2, …, and `values` puts what they stand for in that order."""

    def __init__(self, sql: str) -> None:
        compiled = text(sql).compile(dialect=PGDialect_asyncpg())  # type: ignore[no-untyped-call]
        self.sql = str(compiled)
        self._names = tuple(compiled.positiontup or ())

    def values(self, named: Mapping[str, Any]) -> list[Any]:
        """Return the values in the order of the statement's numbers."""
        return [named[name] for name in self._names]
