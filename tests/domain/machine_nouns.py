"""What the judge of a machine's life remembers: what was said, and each copy of it that was handed over."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from tocsin.domain.incident import Standing
from tocsin.services.begun import Begun

Place = tuple[int, int]  # an update and an endpoint


class Said(NamedTuple):
    update: int
    standing: Standing
    audiences: int


@dataclass
class Copy:
    """One message as it was handed over to one endpoint; `fate`: what the provider said, None while it says nothing.

    `rounds`: how often an operator had tried each of its rows again by then.
    """

    endpoint: int
    message: int
    updates: tuple[int, ...]
    again: bool
    rounds: dict[Place, int]
    fate: str | None = None
    reported: bool = False

    @property
    def places(self) -> list[Place]:
        return [(update, self.endpoint) for update in self.updates]

    @property
    def may_have_arrived(self) -> bool:
        return self.fate in {None, "accepted", "no answer", "lost"}


@dataclass
class Out:
    """What a worker has in hand: an attempt on record, and the copies that it has handed over."""

    begun: Begun
    until: float
    copies: list[Copy] = field(default_factory=list[Copy])
