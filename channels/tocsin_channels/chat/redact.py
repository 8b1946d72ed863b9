"""Keeps secrets out of notes and logs: a chat address holds them in its path, its query or its user name."""

from __future__ import annotations

import re
from urllib.parse import unquote

_PIECES = re.compile(r"[^/?&=:@#,;\s]+")
_SHORTEST = 4
_MARK = "…"


def redacted(text: str, address: str) -> str:
    """Return `text` without anything that stands in `address` behind its scheme, as it is written or decoded."""
    rest = address.partition("://")[2] or address
    pieces = {piece for piece in _PIECES.findall(f"{rest} {unquote(rest)}") if len(piece) >= _SHORTEST}
    for piece in sorted(pieces, key=len, reverse=True):
        text = text.replace(piece, _MARK)
    return text


def shown(address: str) -> str:
    """Return an address as a page or a log may show it: "https://hooks.slack.com/…"."""
    scheme, found, rest = address.partition("://")
    if not found:
        return address
    if address.startswith("apprise:"):
        return f"{scheme}://{_MARK}"
    host = rest.partition("/")[0].rpartition("@")[2]
    return f"{scheme}://{host}/{_MARK}"
