"""Assets are named by what is in them, so that a browser may keep them for good and never shows an old one."""

from __future__ import annotations

from hashlib import sha256


def asset_name(name: str, content: bytes) -> str:
    """Return "tocsin.5f2c….css" for "tocsin.css" with this content."""
    stem, _, ending = name.rpartition(".")
    return f"{stem}.{sha256(content).hexdigest()[:12]}.{ending}"
