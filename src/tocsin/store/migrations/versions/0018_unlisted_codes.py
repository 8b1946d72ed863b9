"""Codes of providers that no table of ours has."""

from __future__ import annotations

from pathlib import Path

from tocsin.store.migrations.statements import run

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    run(Path(__file__).with_suffix(".sql"))


def downgrade() -> None:
    raise RuntimeError("This migration cannot be undone. Restore a backup.")
