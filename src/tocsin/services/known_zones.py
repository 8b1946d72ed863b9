"""Time zones by their IANA names: what is not one of them is refused, and never guessed at."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones


@cache
def zones() -> frozenset[str]:
    return frozenset(available_timezones())


def known_zone(name: str, otherwise: str = "UTC") -> str:
    """Return `name` where there is such a zone."""
    return name if name in zones() else otherwise
