"""Joining and leaving: questions that wait for a yes, links, notices, counts, evidence of consent, suppression."""

from __future__ import annotations

from pathlib import Path

from tocsin.store.migrations.statements import run

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    run(Path(__file__).with_suffix(".sql"))


def downgrade() -> None:
    raise RuntimeError("Evidence of consent is never thrown away. Restore a backup.")
