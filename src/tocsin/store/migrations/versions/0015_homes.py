"""A bucket for slow addresses knows where they are at home, so that they can go back there."""

from __future__ import annotations

from pathlib import Path

from tocsin.store.migrations.statements import run

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    run(Path(__file__).with_suffix(".sql"))


def downgrade() -> None:
    raise RuntimeError("This migration cannot be undone. Restore a backup.")
