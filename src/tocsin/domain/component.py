"""Components: the parts of the service that visitors know by name, and what their states mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from tocsin.domain.incident import Impact
from tocsin.domain.language import word


class ComponentStatus(StrEnum):
    OPERATIONAL = "operational"
    UNDER_MAINTENANCE = "under_maintenance"
    DEGRADED_PERFORMANCE = "degraded_performance"
    PARTIAL_OUTAGE = "partial_outage"
    MAJOR_OUTAGE = "major_outage"

    @property
    def gravity(self) -> int:
        """How bad it is: 0 operational … 4 major outage."""
        return _ORDER[self]

    @property
    def words(self) -> str:
        """Return what visitors call it, in English: to be said in a language."""
        return _WORDS[self]


_ORDER = {status: position for position, status in enumerate(ComponentStatus)}
_WORDS = {
    ComponentStatus.OPERATIONAL: word("working"),
    ComponentStatus.UNDER_MAINTENANCE: word("under maintenance"),
    ComponentStatus.DEGRADED_PERFORMANCE: word("slow"),
    ComponentStatus.PARTIAL_OUTAGE: word("partly down"),
    ComponentStatus.MAJOR_OUTAGE: word("down"),
}
_IMPACT = {
    ComponentStatus.OPERATIONAL: Impact.NONE,
    ComponentStatus.UNDER_MAINTENANCE: Impact.NONE,
    ComponentStatus.DEGRADED_PERFORMANCE: Impact.MINOR,
    ComponentStatus.PARTIAL_OUTAGE: Impact.MAJOR,
    ComponentStatus.MAJOR_OUTAGE: Impact.CRITICAL,
}


def worst(statuses: Iterable[ComponentStatus]) -> ComponentStatus:
    """Return the gravest of `statuses`, operational where there are none."""
    return max(statuses, key=lambda status: status.gravity, default=ComponentStatus.OPERATIONAL)


def impact_of(components: Mapping[str, ComponentStatus]) -> Impact:
    """Return the impact that the affected components' states speak of."""
    return _IMPACT[worst(components.values())]
