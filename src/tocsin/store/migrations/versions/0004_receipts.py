"""Reports of providers that have a name count once, and people may complain."""

from __future__ import annotations

from pathlib import Path

from tocsin.store.migrations.statements import run

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    run(Path(__file__).with_suffix(".sql"))


def downgrade() -> None:
    raise RuntimeError("This migration cannot be undone. Restore a backup.")
