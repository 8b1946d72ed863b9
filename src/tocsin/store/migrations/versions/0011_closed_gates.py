"""What a provider asked us not to pass before a time."""

from __future__ import annotations

from pathlib import Path

from tocsin.store.migrations.statements import run

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    run(Path(__file__).with_suffix(".sql"))


def downgrade() -> None:
    raise RuntimeError("This migration cannot be undone. Restore a backup.")
