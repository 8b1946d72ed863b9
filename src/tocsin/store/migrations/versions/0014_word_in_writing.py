"""Evidence of consent says who acted for somebody, and by which word of theirs."""

from __future__ import annotations

from pathlib import Path

from tocsin.store.migrations.statements import run

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    run(Path(__file__).with_suffix(".sql"))


def downgrade() -> None:
    raise RuntimeError("Evidence of consent is never thrown away. Restore a backup.")
