"""Subscribers: who wants to hear, where, and of what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tocsin.domain.endpoint import EndpointState
from tocsin.domain.incident import Phase, Severity


@dataclass(frozen=True, slots=True)
class Preference:
    """What one endpoint wants to hear, and when.

    `components` and `groups` are slugs; where both are None, all components. `least`, `phases` and the mode in `timing`
    (as `tocsin.domain.timing` reads it) are None where the policy decides. `fallback` names another endpoint of the
    same subscriber: its id, or its channel and address with a colon between.
    """

    components: tuple[str, ...] | None = None
    groups: tuple[str, ...] | None = None
    least: Severity | None = None
    phases: Phase | None = None
    timing: Mapping[str, Any] | None = None
    fallback: str | None = None

    @property
    def everything(self) -> bool:
        return self.components is None and self.groups is None


@dataclass(frozen=True, slots=True)
class Agreed:
    """What somebody agreed to, or took back, at another installation."""

    what: str
    how: str
    at: datetime
    network: str | None = None
    wording: str | None = None
    by: str | None = None
    basis: str | None = None


@dataclass(frozen=True, slots=True)
class Word:
    """What an operator goes by who has somebody written to: `by` is the operator, `at` when the word was given."""

    by: str
    basis: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Attention:
    """What was chosen for single incidents, by their ids; what is snoozed with its end, None: until it is over."""

    follows: tuple[str, ...] = ()
    only_follows: bool = False
    snoozed: Mapping[str, float | None] = field(default_factory=dict[str, "float | None"])

    @property
    def incidents(self) -> set[str]:
        return {*self.follows, *self.snoozed}


@dataclass(frozen=True, slots=True)
class NewEndpoint:
    """An endpoint to be written; `key` is the address as it is compared, `seal` the one that nobody can read.

    `evidence` is what was agreed elsewhere, where it comes from there; `word` is their own in writing.
    """

    channel: str
    address: str
    key: str
    state: EndpointState
    preference: Preference
    locale: str | None = None
    seal: bytes = b""
    evidence: tuple[Agreed, ...] = ()
    attention: Attention = field(default_factory=Attention)
    word: Word | None = None


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

    @property
    def groups(self) -> set[str]:
        """The groups of components that any endpoint chose."""
        return {slug for endpoint in self.endpoints for slug in endpoint.preference.groups or ()}

    @property
    def incidents(self) -> set[str]:
        """The incidents that any endpoint snoozed or follows."""
        return {incident for endpoint in self.endpoints for incident in endpoint.attention.incidents}

    @property
    def has_fallbacks(self) -> bool:
        return any(endpoint.preference.fallback for endpoint in self.endpoints)
