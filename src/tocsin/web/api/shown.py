"""How values are shown: times as RFC 3339 in UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import overload


@overload
def moment(when: datetime | float) -> str: ...
@overload
def moment(when: None) -> None: ...
@overload
def moment(when: datetime | float | None) -> str | None: ...
def moment(when: datetime | float | None) -> str | None:
    """Return a time, or seconds since the epoch, as `2026-11-21T20:00:00.123456Z`."""
    if when is None:
        return None
    at = when if isinstance(when, datetime) else datetime.fromtimestamp(when, UTC)
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
