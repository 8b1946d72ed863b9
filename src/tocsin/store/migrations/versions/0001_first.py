"""Everything one update needs on its way: who hears, what is said, what is owed, and the evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    statements = Path(__file__).with_suffix(".sql").read_text()
    driver: Any = op.get_bind().connection.dbapi_connection

    def run(connection: Any) -> Any:
        return connection.execute(statements)  # many statements in one call

    driver.run_async(run)


def downgrade() -> None:
    raise RuntimeError("The first migration cannot be undone. Restore a backup, or start with an empty database.")
