"""The whole of what an endpoint may choose, mutes, and what is owed elsewhere when an address fails for good."""

from __future__ import annotations

from pathlib import Path

from tocsin.store.migrations.statements import run

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    run(Path(__file__).with_suffix(".sql"))


def downgrade() -> None:
    raise RuntimeError("This migration cannot be undone. Restore a backup.")
