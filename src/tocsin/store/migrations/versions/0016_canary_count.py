"""How long canaries have ever taken, counted: what a histogram is made of must never become less."""

from __future__ import annotations

from pathlib import Path

from tocsin.store.migrations.statements import run

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    run(Path(__file__).with_suffix(".sql"))


def downgrade() -> None:
    raise RuntimeError("This migration cannot be undone. Restore a backup.")
