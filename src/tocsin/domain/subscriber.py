"""Subscribers: who wants to hear, where, and of what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tocsin.domain.endpoint import EndpointState
from tocsin.domain.incident import ALL_PHASES, Phase, Severity


@dataclass(frozen=True, slots=True)
class Preference:
    """What one endpoint wants to hear, and when.

    `components` are slugs, None: all of them. `timing` is as `tocsin.domain.timing` reads it, None: at once, always.
    """

    components: tuple[str, ...] | None = None
    least: Severity = Severity.SEV4
    phases: Phase = ALL_PHASES
    timing: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class NewEndpoint:
    """An endpoint to be written; `key` is the address as it is compared."""

    channel: str
    address: str
    key: str
    state: EndpointState
    preference: Preference


@dataclass(frozen=True, slots=True)
class NewSubscriber:
    """A subscriber to be written; `audiences` is a set with a bit for each."""

    name: str
    locale: str
    time_zone: str
    audiences: int
    endpoints: tuple[NewEndpoint, ...] = field(default=())

    @property
    def slugs(self) -> set[str]:
        """The components that any endpoint chose."""
        return {slug for endpoint in self.endpoints for slug in endpoint.preference.components or ()}
