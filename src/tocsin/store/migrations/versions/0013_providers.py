"""How the providers of each channel fare, and what was changed about them."""

from __future__ import annotations

from pathlib import Path

from tocsin.store.migrations.statements import run

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    run(Path(__file__).with_suffix(".sql"))


def downgrade() -> None:
    raise RuntimeError("This migration cannot be undone. Restore a backup.")
