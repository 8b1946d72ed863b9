"""What a worker holds in its hands between putting an attempt on record and writing down what came of it."""

from __future__ import annotations

import math
from typing import NamedTuple

from tocsin.domain.channel import Channel, way_by
from tocsin.domain.outline import Plan
from tocsin.journal.writer import Part
from tocsin.services.providers import Turn
from tocsin.services.way import Way
from tocsin.store.claim import Lease


class Begun(NamedTuple):
    """An attempt that is on record and not yet sent; `part` is its part of this process's journal.

    Its lease was asked for at `asked_at`, by the clock of `time.monotonic`.
    """

    token: int
    lease: Lease
    plan: Plan
    turn: Turn = Turn(None)  # None: the channel has no providers to choose from
    part: Part | None = None
    asked_at: float = math.inf

    def by(self, way: Way) -> Channel:
        """Return the channel as whoever has the turn carries it."""
        return way.channel if self.turn.provider is None else way_by(way.channel, self.turn.provider)
