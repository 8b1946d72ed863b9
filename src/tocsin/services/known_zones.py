"""Time zones by their IANA names: what is not one of them is refused, and never guessed at."""

from __future__ import annotations

from functools import cache
from typing import Final
from zoneinfo import available_timezones

# What a machine is set to, which is nobody's own zone, and what one is set to that was not set.
_NO_PLACE: Final = {"localtime", "Factory"}


@cache
def zones() -> frozenset[str]:
    return frozenset(available_timezones()) - _NO_PLACE


def known_zone(name: str, otherwise: str = "UTC") -> str:
    """Return `name` where there is such a zone."""
    return name if name in zones() else otherwise
