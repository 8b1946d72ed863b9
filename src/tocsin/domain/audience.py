"""Audiences: who hears, ordered from the inside out, and which text is for whom.

What is written for a narrower audience never reaches a wider one (promise D6): the text for an audience is its own,
else that of the nearest *wider* audience that has one, else the update's body.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Audience:
    """One audience; `rank` 0 is the innermost. `id` is for good, and gives its bit in sets of audiences."""

    id: int
    name: str
    rank: int

    @property
    def bit(self) -> int:
        return 1 << self.id


@dataclass(frozen=True, slots=True)
class Audiences:
    """All audiences there are, from the inside out; sets of them are ints with one bit each."""

    ordered: tuple[Audience, ...]

    @classmethod
    def of(cls, audiences: Iterable[Audience]) -> Audiences:
        return cls(tuple(sorted(audiences, key=lambda audience: audience.rank)))

    @property
    def names(self) -> list[str]:
        return [audience.name for audience in self.ordered]

    @property
    def widest(self) -> Audience:
        """Return the outermost audience: what it may read is public."""
        return self.ordered[-1]

    def named(self, name: str) -> Audience:
        """Return the audience called `name`; raise KeyError where there is none."""
        for audience in self.ordered:
            if audience.name == name:
                return audience
        raise KeyError(name)

    def mask(self, names: Iterable[str]) -> int:
        mask = 0
        for name in names:
            mask |= self.named(name).bit
        return mask

    def in_mask(self, mask: int) -> list[Audience]:
        """Return the audiences of the set `mask`, from the inside out."""
        return [audience for audience in self.ordered if audience.bit & mask]

    def narrowest(self, mask: int) -> Audience:
        """Return the innermost audience of the set `mask`, which must not be empty."""
        return self.in_mask(mask)[0]

    def text_for(self, audience: Audience, texts: Mapping[str, str], fallback: str, locale: str = "en") -> str:
        """Return the text that `audience` may read: its own, else the nearest wider one's, else `fallback`.

        `texts` is keyed by an audience's name, with a language as a suffix where one is meant ("customers.de").
        A text in the reader's language wins over one without a language of the same audience.
        """
        for reader in self._from(audience):
            for key in _keys(reader.name, locale):
                if key in texts:
                    return texts[key]
        return fallback

    def _from(self, audience: Audience) -> Sequence[Audience]:
        return [other for other in self.ordered if other.rank >= audience.rank]


def _keys(name: str, locale: str) -> list[str]:
    language = locale.split("-", maxsplit=1)[0].split("_", maxsplit=1)[0].lower()
    return [f"{name}.{locale}", f"{name}.{language}", name]
