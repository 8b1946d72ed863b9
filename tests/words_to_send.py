"""The words that come with Tocsin, and those that an operator writes in a test."""

from __future__ import annotations

from pathlib import Path

from tocsin.domain.channel import ChannelName
from tocsin.settings import REPOSITORY_CONFIG
from tocsin_channels.registry_words import PIECES
from tocsin_channels.templates import Wording, read_wording

AUDIENCES = ("oncall", "support", "leadership", "staff", "customers")
SHIPPED = {
    channel: read_wording(REPOSITORY_CONFIG / "templates" / channel, pieces, AUDIENCES)
    for channel, pieces in PIECES.items()
}


def written(folder: Path, channel: ChannelName, **files: str) -> Wording:
    """Return the words of one channel with `files` in place of those that come with Tocsin; `_` in a name is a dot."""
    for name, text in files.items():
        (folder / f"{name.replace('_', '.')}.txt").write_text(text, "utf-8")
    return read_wording(folder, PIECES[channel], AUDIENCES)


def broken_config(folder: Path) -> Path:
    """Return a configuration in which one template is broken, and one lies where nothing reads it."""
    (folder / "templates/sms").mkdir(parents=True)
    (folder / "templates/mail").mkdir()
    (folder / "templates/sms/one.txt").write_text("{{brand}}\n{{tilte}}")
    (folder / "policy.toml").write_text((REPOSITORY_CONFIG / "policy.toml").read_text())
    return folder
