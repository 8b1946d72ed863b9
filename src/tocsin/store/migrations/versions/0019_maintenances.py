"""Maintenances: they are told of like incidents, and live by the clock."""

from __future__ import annotations

from pathlib import Path

from tocsin.store.migrations.statements import run

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    run(Path(__file__).with_suffix(".sql"))


def downgrade() -> None:
    raise RuntimeError("What was planned and told is never thrown away. Restore a backup.")
