"""Statuspage's own sum of a page: its indicator, and the description that programs written for it know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tocsin.domain.component import ComponentStatus, impact_of, worst
from tocsin.domain.incident import Impact
from tocsin.domain.page import Page, PageIncident

_INDICATORS: Final = ["none", "maintenance", "minor", "major", "critical"]
_CHOSEN: Final = {
    Impact.MINOR: "Minor Service Outage",
    Impact.MAJOR: "Partial System Outage",
    Impact.CRITICAL: "Major Service Outage",
}


def roll_up(page: Page) -> tuple[str, str]:
    """Return Statuspage's indicator and description of the whole page.

    An incident's impact counts beside the components where it is graver than their states: then a person chose it.
    """
    statuses = [component.status for component in page.components]
    said = _from_components(statuses)
    graver = [
        incident.impact
        for incident in page.open_incidents
        if _INDICATORS.index(incident.impact) > _INDICATORS.index(_components_impact(incident))
    ]
    chosen = max(graver, key=_INDICATORS.index, default=Impact.NONE)
    if _INDICATORS.index(chosen) > _INDICATORS.index(said[0]):
        return chosen.value, _CHOSEN[chosen]
    return said


def _from_components(statuses: Sequence[ComponentStatus]) -> tuple[str, str]:
    gravest = worst(statuses)
    partial = sum(status.gravity >= ComponentStatus.PARTIAL_OUTAGE.gravity for status in statuses)
    if gravest is ComponentStatus.OPERATIONAL:
        return "none", "All Systems Operational"
    if gravest is ComponentStatus.UNDER_MAINTENANCE:
        return "maintenance", "Service Under Maintenance"
    if all(status is ComponentStatus.MAJOR_OUTAGE for status in statuses):
        return "critical", "Major Service Outage"
    if gravest is ComponentStatus.MAJOR_OUTAGE or (len(statuses) > 1 and partial * 2 >= len(statuses)):
        return "major", "Partial System Outage"
    if gravest is ComponentStatus.PARTIAL_OUTAGE:
        return "minor", "Minor Service Outage"
    return "minor", "Partially Degraded Service"


def _components_impact(incident: PageIncident) -> Impact:
    return impact_of({id_: after for id_, _, _, after in incident.updates[0].components})
