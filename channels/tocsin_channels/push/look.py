"""A notification as a browser gets it, before it is sealed."""

from __future__ import annotations

from typing import Final

from tocsin.domain.look import Look
from tocsin_channels.push.note import Note

_SHOWN: Final = ("title", "body", "url", "lang", "rings")


def look(note: Note) -> Look:
    """Return what a browser shows of `note`."""
    content = {name: note.content[name] for name in _SHOWN}
    return Look(content | {"urgency": note.worth.urgency, "bytes": len(note.body("preview"))})
