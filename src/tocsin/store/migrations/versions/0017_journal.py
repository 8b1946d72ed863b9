"""How workers' journals are, as they tell, and how many answers were recovered from journals."""

from __future__ import annotations

from pathlib import Path

from tocsin.store.migrations.statements import run

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    run(Path(__file__).with_suffix(".sql"))


def downgrade() -> None:
    raise RuntimeError("This migration cannot be undone. Restore a backup.")
