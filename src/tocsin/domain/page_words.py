"""What the page says before any colour does: one sentence about the state, one about what is being done."""

from __future__ import annotations

from collections.abc import Sequence

from tocsin.domain.component import ComponentStatus, impact_of, worst
from tocsin.domain.incident import Impact, Status
from tocsin.domain.page import Page, PageIncident

_NAMED = 3  # more components than these are counted, not named
_DOING = {
    Status.INVESTIGATING: "We know about it and are looking for the cause.",
    Status.IDENTIFIED: "We know the cause and are working on it.",
    Status.MONITORING: "A fix is in place and we are watching it.",
}
_SPEAKS_AS = {
    Impact.NONE: ComponentStatus.OPERATIONAL,
    Impact.MINOR: ComponentStatus.DEGRADED_PERFORMANCE,
    Impact.MAJOR: ComponentStatus.PARTIAL_OUTAGE,
    Impact.CRITICAL: ComponentStatus.MAJOR_OUTAGE,
}


def state_sentence(page: Page) -> str:
    """Return what works and what does not, the gravest first: "Checkout is partly down. API is slow."."""
    sentences = [
        f"{_listed(names)} {'is' if len(names) == 1 else 'are'} {status.words}."
        for status in sorted(ComponentStatus, key=lambda status: -status.gravity)
        if status is not ComponentStatus.OPERATIONAL
        and (names := [component.name for component in page.components if component.status is status])
    ]
    if sentences:
        return " ".join(sentences)
    if page.open_incidents:
        return page.open_incidents[0].title.rstrip(".") + "."
    return "Everything is working."


def doing_sentence(page: Page) -> str:
    """Return what is being done about the open incident that was spoken of last; nothing where there is none."""
    latest = max(page.open_incidents, key=lambda incident: incident.updated_at, default=None)
    return _DOING[latest.status] if latest else ""


def page_state(page: Page) -> ComponentStatus:
    """Return the state that the whole page is coloured by: the worst component's or open incident's."""
    return worst([page.worst, *(_SPEAKS_AS[incident.impact] for incident in page.open_incidents), _least(page)])


def incident_state(incident: PageIncident) -> ComponentStatus:
    """Return the state that an incident is coloured by; what is over is operational again."""
    if not incident.is_open:
        return ComponentStatus.OPERATIONAL
    affected = [after for _, _, _, after in incident.updates[0].components]
    return worst([_SPEAKS_AS[incident.impact], *affected])


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


_INDICATORS = ["none", "maintenance", "minor", "major", "critical"]
_CHOSEN = {
    Impact.MINOR: "Minor Service Outage",
    Impact.MAJOR: "Partial System Outage",
    Impact.CRITICAL: "Major Service Outage",
}


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


def _least(page: Page) -> ComponentStatus:
    # An open incident is never green, even where nothing is said to be broken.
    return ComponentStatus.DEGRADED_PERFORMANCE if page.open_incidents else ComponentStatus.OPERATIONAL


def _listed(names: Sequence[str]) -> str:
    if len(names) == 1:
        return names[0]
    if len(names) <= _NAMED:
        return f"{', '.join(names[:-1])} and {names[-1]}"
    return f"{', '.join(names[: _NAMED - 1])} and {len(names) - _NAMED + 1} more"
