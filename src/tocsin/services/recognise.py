"""Names an address by as little as its owner needs to recognise it: what is forwarded must not tell a stranger all."""

from __future__ import annotations

from urllib.parse import urlsplit

_HALF_HIDDEN = 8


def recognisable(channel: str, address: str) -> str:
    """Return "a…@example.com", "…4567", "hooks.example.com"."""
    if channel in {"webhook", "chat"} and "://" in address:
        return urlsplit(address).hostname or "…"
    name, at, domain = address.rpartition("@")
    if at:
        return f"{name[:1]}…@{domain}"
    return f"…{address[-4:]}" if len(address) > _HALF_HIDDEN else address[:1] + "…"
