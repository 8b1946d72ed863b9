"""Policy: what operators decide for everyone: who hears of what by default, and how often one endpoint may be rung."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tocsin.domain.channel import ChannelName
from tocsin.domain.flood import Lanes, Waits
from tocsin.domain.incident import ALL_PHASES, Kind, Phase, Severity
from tocsin.domain.patience import Patience


@dataclass(frozen=True, slots=True)
class Cell:
    """What an audience hears on a channel of incidents of one severity, unless a subscriber chose otherwise.

    No phases: nothing. Updates come at most once in `every` seconds, or all that is not urgent in a `digest`: "hourly",
    or at an hour of the reader's day ("08:00"). Where it is the `most` that is allowed, what a subscriber chose can
    only narrow it down. `lasts`: nothing is told before an incident has been open for so many seconds. `chosen`: only
    those hear who chose one of its components, or follow it.
    """

    phases: Phase = ALL_PHASES
    every: float = 0.0
    most: bool = False
    digest: str = ""
    lasts: float = 0.0
    chosen: bool = False


EVERYTHING = Cell()
Place = tuple[str, ChannelName, Severity]


@dataclass(frozen=True, slots=True)
class Required:
    """Incidents that at least one active endpoint of everyone in `audiences` hears of."""

    severities: frozenset[Severity]
    kinds: frozenset[Kind]
    audiences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """Read from `config/policy.toml`. `audiences` are ordered from the inside out; the last one is the public.

    `addressed` names the audiences of an update that names none, by severity; kinds in `restricted` override it.
    `lanes` has no entry for a channel whose endpoints are never paced, `own_lanes` those of single audiences. `cells`
    has what is not EVERYTHING, `behind` how many seconds an audience hears after those further inside. `remind_before`
    is how many seconds before a maintenance begins its readers are reminded of it, 0: they are not.
    """

    audiences: tuple[str, ...]
    addressed: Mapping[Severity, tuple[str, ...]]
    restricted: Mapping[Kind, tuple[str, ...]]
    urgent: Severity
    waits: Waits
    lanes: Mapping[ChannelName, Lanes]
    patience: Patience
    own_lanes: Mapping[tuple[str, ChannelName], Lanes] = field(default_factory=dict[tuple[str, ChannelName], Lanes])
    cells: Mapping[Place, Cell] = field(default_factory=dict[Place, Cell])
    behind: Mapping[str, float] = field(default_factory=dict[str, float])
    required: tuple[Required, ...] = ()
    deadlines: Mapping[Phase, float] = field(default_factory=dict[Phase, float])
    remind_before: float = 3600.0

    def audiences_for(self, severity: Severity, kind: Kind) -> tuple[str, ...]:
        """Return who an update addresses that does not say so itself."""
        return self.restricted.get(kind) or self.addressed[severity]

    def cell(self, audience: str, channel: ChannelName, severity: Severity) -> Cell:
        """Return what `audience` hears on `channel` by default."""
        return self.cells.get((audience, channel, severity), EVERYTHING)

    def required_of(self, severity: Severity, kind: Kind) -> frozenset[str]:
        """Return the audiences of which everyone hears of such an incident, on one endpoint at least."""
        marked = [one for one in self.required if severity in one.severities and kind in one.kinds]
        return frozenset(name for one in marked for name in one.audiences)
