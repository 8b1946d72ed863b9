"""Reads how long whoever was called asks us to wait."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

_SOONEST: Final = 1.0
_LATEST: Final = 3600.0  # news that is an hour old is stale


def wait_of(retry_after: str, now: datetime) -> float | None:
    """Return the seconds that a Retry-After asks for (RFC 9110, 10.2.3), within bounds; None where it is no such."""
    value = retry_after.strip()
    if value.isascii() and value.isdigit():
        seconds = float(value)
    else:
        try:
            until = parsedate_to_datetime(value)
        except (ValueError, OverflowError):
            return None
        seconds = (until.replace(tzinfo=until.tzinfo or UTC) - now).total_seconds()
    return min(max(seconds, _SOONEST), _LATEST)
