"""What policy says of one audience on one channel about when, as the plan of a worker needs it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from typing import NamedTuple

from tocsin.domain.audience import Audiences
from tocsin.domain.channel import ChannelName
from tocsin.domain.flood import Lanes
from tocsin.domain.incident import Severity
from tocsin.domain.policy import Policy
from tocsin.domain.timing import Timing


class Cadence(NamedTuple):
    """Updates come at most once in `seconds`; `most`: also where the subscriber chose real time."""

    seconds: float
    most: bool


class Digest(NamedTuple):
    """What is not urgent comes at the hours of `timing`; `most`: also where the subscriber chose real time."""

    timing: Timing
    most: bool

    def over(self, chosen: Timing | None) -> Timing:
        """Return when someone hears who chose this themselves, or nothing (None)."""
        if chosen is None:
            return self.timing
        if chosen.chosen and (not self.most or chosen.mode == "daily"):
            return chosen
        return chosen._replace(mode=self.timing.mode, digest_at=self.timing.digest_at)


class Lasting(NamedTuple):
    """Nothing is told of what has not been open for `seconds`; `most`: also where the subscriber chose real time."""

    seconds: float
    most: bool


_NO_LASTING: Mapping[Severity, Lasting] = {}
_NO_DIGESTS: Mapping[Severity, Digest] = {}


class Terms(NamedTuple):
    """`behind`: seconds that news waits, since those further inside have a head start. `lanes`: None, the channel's."""

    behind: float
    lanes: Lanes | None
    cadence: Mapping[Severity, Cadence]
    digests: Mapping[Severity, Digest] = _NO_DIGESTS
    lasting: Mapping[Severity, Lasting] = _NO_LASTING


def _digest(stated: str) -> Timing:
    return Timing("hourly") if stated == "hourly" else Timing("daily", time.fromisoformat(stated))


def terms_of(policy: Policy, audiences: Audiences, channel: ChannelName) -> dict[int, Terms]:
    """Return the terms of each audience, by its id, that has any of its own."""
    found: dict[int, Terms] = {}
    for audience in audiences.ordered:
        cells = {severity: policy.cell(audience.name, channel, severity) for severity in Severity}
        terms = Terms(
            policy.behind.get(audience.name, 0.0),
            policy.own_lanes.get((audience.name, channel)),
            {severity: Cadence(cell.every, cell.most) for severity, cell in cells.items() if cell.every},
            {severity: Digest(_digest(cell.digest), cell.most) for severity, cell in cells.items() if cell.digest},
            {severity: Lasting(cell.lasts, cell.most) for severity, cell in cells.items() if cell.lasts},
        )
        if terms.behind or terms.lanes or terms.cadence or terms.digests or terms.lasting:
            found[audience.id] = terms
    return found
