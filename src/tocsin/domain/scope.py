"""Scopes: what a key may do."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum


class Scope(StrEnum):
    INCIDENTS_WRITE = "incidents:write"
    INCIDENTS_READ = "incidents:read"
    SUBSCRIBERS_WRITE = "subscribers:write"
    SUBSCRIBERS_READ = "subscribers:read"
    DELIVERIES_READ = "deliveries:read"
    OPERATE = "operate"
    ADMIN = "admin"


def allows(scopes: Collection[Scope], wanted: Scope) -> bool:
    """Tell whether a key with `scopes` may do what takes `wanted`; admin may do everything."""
    return wanted in scopes or Scope.ADMIN in scopes
