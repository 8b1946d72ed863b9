"""Ledger rows and updates as the rules see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tocsin.domain.incident import Phase, Standing


class Row(NamedTuple):
    """One unfinished ledger row with what its endpoint may hear and has heard; rows of an endpoint come together."""

    endpoint_id: int
    update_id: int
    bucket_id: int
    audience: int
    state: str
    reason: str | None
    since: float
    due_at: float
    tries: int
    unknowns: int
    message: int | None
    endpoint: str
    endpoint_state: str
    address: str
    audiences: int
    name: str
    locale: str
    time_zone: str
    timing: str | None  # as it is stored, in JSON
    snoozed: Mapping[str, Any] | None
    rule: str | None
    rung_at: float
    n1: float
    n2: float
    u1: float
    u2: float
    told: Sequence[int]
    has_fallback: bool = False  # another address hears in its place what it does not take
    cleared: int = 0  # so many of `unknowns` are labels alone: looked for and not there, or of a life before a retry
    provider: str | None = None  # who was asked last

    @property
    def doubts(self) -> int:
        """Return how many of its attempts may have gone out unheard of."""
        return self.unknowns - self.cleared


class Version(NamedTuple):
    """One update as rules see it."""

    id: int
    public_id: str
    incident_id: int
    number: int
    standing: Standing
    phase: Phase
    audiences: int
    is_public: bool
    notify: bool
    said_at: float = 0.0
