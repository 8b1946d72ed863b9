"""Everything one update needs on its way: who hears, what is said, what is owed, and the evidence."""

from __future__ import annotations

from pathlib import Path

from tocsin.store.migrations.statements import run

revision = "0001"
down_revision = None


def upgrade() -> None:
    run(Path(__file__).with_suffix(".sql"))


def downgrade() -> None:
    raise RuntimeError("The first migration cannot be undone. Restore a backup, or start with an empty database.")
