"""Signals: what another system reports of a trouble, whatever its own form, by the name that it gives to the trouble.

Nothing in a signal is refused for how it is written: a report refused for a character is one that nobody hears.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Final

from tocsin.domain.component import ComponentStatus
from tocsin.domain.incident import Severity
from tocsin.domain.update_template import LONGEST_BODY, LONGEST_TITLE

_LONGEST_KEY: Final = 200
_HIDDEN: Final = frozenset({"Cc", "Zl", "Zp", "Cs"})
_BIDI: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_OLDEST: Final = datetime(2000, 1, 1, tzinfo=UTC)

# What systems call how grave something is.
SEVERITIES: Final = {
    **dict.fromkeys(("sev1", "p1", "critical", "fatal", "page", "emergency", "disaster"), Severity.SEV1),
    **dict.fromkeys(("sev2", "p2", "error", "high", "major"), Severity.SEV2),
    **dict.fromkeys(("sev3", "p3", "warning", "warn", "average", "medium", "moderate", "minor"), Severity.SEV3),
    **dict.fromkeys(("sev4", "p4", "p5", "info", "information", "low", "debug"), Severity.SEV4),
}
_STATUSES: Final = {
    Severity.SEV1: ComponentStatus.MAJOR_OUTAGE,
    Severity.SEV2: ComponentStatus.PARTIAL_OUTAGE,
}


class Told(StrEnum):
    """What a signal says of its trouble."""

    FIRING = "firing"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Signal:
    """`key` is what its source calls the trouble, the same from the first report to the last.

    `components` are slugs that it names, whether there are such or not. `title` "": as it was.
    """

    key: str
    told: Told
    title: str
    body: str
    severity: Severity | None = None
    components: tuple[str, ...] = ()
    link: str = ""
    started_at: datetime | None = None

    @property
    def name(self) -> str:
        """Return the key as it is kept: one that is long or cannot be kept by its digest."""
        is_plain = len(self.key) <= _LONGEST_KEY and self.key.isprintable()
        return self.key if is_plain else f"sha256:{_digest(self.key).hex()}"

    @property
    def said(self) -> bytes:
        """Return a digest of what it says: the same report again says nothing new."""
        parts = (self.told, self.title, self.body, str(self.severity), ",".join(self.components), self.link)
        return _digest("\0".join(parts))

    @property
    def component_status(self) -> ComponentStatus:
        if self.severity is None:
            return ComponentStatus.DEGRADED_PERFORMANCE
        return _STATUSES.get(self.severity, ComponentStatus.DEGRADED_PERFORMANCE)


def severity_of(word: str) -> Severity | None:
    """Return the severity that a system's own word stands for, None where it is unknown."""
    return SEVERITIES.get(word.strip().lower())


def line(*parts: str) -> str:
    """Return parts as a title: one line, nothing hidden, cut where it is too long."""
    said = " ".join(_plain(" ".join(part for part in parts if part), "").split())
    said = said.replace("=?", "= ?")  # mail programs would decode an encoded word
    return said if len(said) <= LONGEST_TITLE else f"{said[: LONGEST_TITLE - 1].rstrip()}…"


def lines(*parts: str) -> str:
    """Return parts as a body, each a paragraph."""
    said = "\n\n".join(_plain(part.replace("\r\n", "\n"), "\n\t").strip() for part in parts if part.strip())
    return said if len(said) <= LONGEST_BODY else f"{said[: LONGEST_BODY - 1].rstrip()}…"


def began(moment: datetime | None, now: datetime) -> datetime | None:
    """Return when a trouble began, None where its source does not know or says what cannot be."""
    if moment is None or moment.tzinfo is None or moment < _OLDEST:
        return None
    return min(moment.astimezone(UTC), now)


def _digest(value: str) -> bytes:
    return sha256(value.encode("utf-8", "surrogatepass")).digest()  # half a pair is a character that JSON can bring


def _plain(value: str, allowed: str) -> str:
    if value.isprintable():
        return value
    return "".join(
        one if one in allowed or not (unicodedata.category(one) in _HIDDEN or one in _BIDI) else " " for one in value
    )
