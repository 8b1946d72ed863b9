"""A sweeper's sign of life: a number that grows with whatever it gets done."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Pulse:
    beats: int = 0

    def beat(self) -> None:
        self.beats += 1
