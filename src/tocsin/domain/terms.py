"""What policy says of one audience on one channel about when, as the plan of a worker needs it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from tocsin.domain.audience import Audiences
from tocsin.domain.channel import ChannelName
from tocsin.domain.flood import Lanes
from tocsin.domain.incident import Severity
from tocsin.domain.policy import Policy


class Cadence(NamedTuple):
    """Updates come at most once in `seconds`; `most`: also where the subscriber chose real time."""

    seconds: float
    most: bool


class Terms(NamedTuple):
    """`behind`: seconds that news waits, since those further inside have a head start. `lanes`: None, the channel's."""

    behind: float
    lanes: Lanes | None
    cadence: Mapping[Severity, Cadence]


def terms_of(policy: Policy, audiences: Audiences, channel: ChannelName) -> dict[int, Terms]:
    """Return the terms of each audience, by its id, that has any of its own."""
    found: dict[int, Terms] = {}
    for audience in audiences.ordered:
        cells = {severity: policy.cell(audience.name, channel, severity) for severity in Severity}
        terms = Terms(
            policy.behind.get(audience.name, 0.0),
            policy.own_lanes.get((audience.name, channel)),
            {severity: Cadence(cell.every, cell.most) for severity, cell in cells.items() if cell.every},
        )
        if terms.behind or terms.lanes or terms.cadence:
            found[audience.id] = terms
    return found
