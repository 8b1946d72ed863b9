"""Runs a file of statements on the connection of the migration that is under way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import op


def run(file: Path) -> None:
    """Run every statement of `file` in one call."""
    statements = file.read_text()
    driver: Any = op.get_bind().connection.dbapi_connection

    def execute(connection: Any) -> Any:
        return connection.execute(statements)

    driver.run_async(execute)
