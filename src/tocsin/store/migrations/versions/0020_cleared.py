"""How many of a delivery's doubts a look has cleared."""

from __future__ import annotations

from pathlib import Path

from tocsin.store.migrations.statements import run

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    run(Path(__file__).with_suffix(".sql"))


def downgrade() -> None:
    raise RuntimeError("This migration cannot be undone. Restore a backup.")
