"""How long a push service may keep a message for a browser that is away, and for how tired a phone it is worth waking.

A newer message about the same incident takes the place of one that was kept (its topic), so a long wait never tells
anybody what is not so any more. The end of an incident is worth knowing days later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from tocsin.domain.incident import Phase
from tocsin.domain.story import Chapter

_HOUR: Final = 3600

Urgency = Literal["low", "normal", "high"]  # RFC 8030, 5.3
_URGENCIES: Final[Sequence[Urgency]] = ("low", "normal", "high")


@dataclass(frozen=True, slots=True)
class Worth:
    """`seconds` is the TTL."""

    seconds: int
    urgency: Urgency


BY_PHASE: Final[Mapping[Phase, Worth]] = {
    Phase.OPENED: Worth(4 * _HOUR, "high"),
    Phase.ESCALATED: Worth(4 * _HOUR, "high"),
    Phase.UPDATE: Worth(4 * _HOUR, "normal"),
    Phase.RESOLVED: Worth(72 * _HOUR, "high"),
    Phase.MAINTENANCE: Worth(12 * _HOUR, "normal"),
    Phase.POSTMORTEM: Worth(24 * _HOUR, "low"),
}


def worth_of(chapters: Sequence[Chapter]) -> Worth:
    """Return what a message is worth that tells of all `chapters`: what the one that matters most is."""
    each = [BY_PHASE[chapter.phase] for chapter in chapters]
    urgent = max(each, key=lambda one: _URGENCIES.index(one.urgency))
    return Worth(max(one.seconds for one in each), urgent.urgency)
