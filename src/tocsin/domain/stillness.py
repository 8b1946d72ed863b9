"""How long something has stood still, counted in looks: time in which nobody could look does not count.

A clock jumps where a machine was suspended, a process was stopped or its interpreter was busy; a count does not.
"""

from __future__ import annotations


class Stillness:
    """Each look at a thing brings the number of what it has done so far."""

    def __init__(self) -> None:
        self._seen: dict[object, tuple[int, int]] = {}

    def look(self, thing: object, done: int) -> int:
        """Return how many looks in a row have seen nothing more done, this one not counted where something was."""
        last, still = self._seen.get(thing, (None, 0))
        still = still + 1 if done == last else 0
        self._seen[thing] = done, still
        return still

    def forget(self, thing: object) -> None:
        """Begin anew with a thing."""
        self._seen.pop(thing, None)

    def known(self) -> list[object]:
        return list(self._seen)
