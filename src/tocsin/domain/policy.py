"""Policy: what operators decide for everyone: who hears of what by default, and how often one endpoint may be rung."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tocsin.domain.channel import ChannelName
from tocsin.domain.flood import Lanes, Waits
from tocsin.domain.incident import Kind, Severity
from tocsin.domain.patience import Patience


@dataclass(frozen=True, slots=True)
class Policy:
    """Read from `config/policy.toml`. `audiences` are ordered from the inside out; the last one is the public.

    `addressed` names the audiences of an update that names none, by severity; kinds in `restricted` override it.
    `lanes` has no entry for a channel whose endpoints are never paced.
    """

    audiences: tuple[str, ...]
    addressed: Mapping[Severity, tuple[str, ...]]
    restricted: Mapping[Kind, tuple[str, ...]]
    urgent: Severity
    waits: Waits
    lanes: Mapping[ChannelName, Lanes]
    patience: Patience

    def audiences_for(self, severity: Severity, kind: Kind) -> tuple[str, ...]:
        """Return who an update addresses that does not say so itself."""
        return self.restricted.get(kind) or self.addressed[severity]
