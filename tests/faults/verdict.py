"""The judge of one fault: what everybody heard, against what they were owed; the ledger is asked for labels alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from faults.heard import Heard, by_address

Key = tuple[str, str]  # channel and address


@dataclass(frozen=True, slots=True)
class Verdict:
    """`lost` heard nothing of the newest version; `backwards` an older one after a newer one.

    A copy is one hearing more than one; it is labelled where the ledger says that an outcome was unknown.
    """

    owed: int
    lost: Sequence[Key]
    strangers: Sequence[Key]
    backwards: Sequence[Key]
    copies_labelled: int
    unlabelled: Sequence[Key]
    labels: int
    recovery: float

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.strangers or self.backwards or self.unlabelled)


def judge_all(
    owed: Mapping[str, frozenset[str]],
    found: Sequence[Heard],
    unknowns: Mapping[tuple[str, str, int], int],
    newest: int,
    cleared: float,
) -> Verdict:
    """Judge what was `found`; `unknowns` has, for channel, address and version, how often its outcome was unknown."""
    everybody = {(channel, address) for channel, those in owed.items() for address in those}
    told = by_address(found)
    copies_labelled = 0
    unlabelled: list[Key] = []
    first_after: list[float] = []
    for key, hearings in told.items():
        counts = Counter(one.version for one in hearings)
        for version, count in counts.items():
            allowed = unknowns.get((*key, version), 0)
            copies_labelled += min(count - 1, allowed)
            if count - 1 > allowed:
                unlabelled.append(key)
        first_after += [one.at for one in _firsts(hearings) if one.at > cleared]
    return Verdict(
        owed=len(everybody) * newest,
        lost=sorted(key for key in everybody if newest not in {one.version for one in told.get(key, [])}),
        strangers=sorted(told.keys() - everybody),
        backwards=sorted(key for key, hearings in told.items() if _goes_back(hearings)),
        copies_labelled=copies_labelled,
        unlabelled=unlabelled,
        labels=sum(unknowns.values()),
        recovery=max(first_after, default=cleared) - cleared,
    )


def _firsts(hearings: Sequence[Heard]) -> list[Heard]:
    first: dict[int, Heard] = {}
    for one in hearings:
        first.setdefault(one.version, one)
    return list(first.values())


def _goes_back(hearings: Sequence[Heard]) -> bool:
    versions = [one.version for one in hearings]
    return versions != sorted(versions)
