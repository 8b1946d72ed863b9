"""Threads of incidents at endpoints, and signing secrets that can be rotated."""

from __future__ import annotations

from pathlib import Path

from tocsin.store.migrations.statements import run

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    run(Path(__file__).with_suffix(".sql"))


def downgrade() -> None:
    raise RuntimeError("This migration cannot be undone. Restore a backup.")
