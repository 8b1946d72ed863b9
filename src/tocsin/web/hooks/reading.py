"""What all readers share: a report's fields as text, whatever stands there, and times in their several forms."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Protocol, cast

from tocsin.domain.errors import Refused
from tocsin.domain.signal import Signal

Fields = Mapping[str, Any]
_MILLISECONDS_FROM: Final = 1e11  # larger numbers cannot be seconds


class Source(Protocol):
    """One system: its name in the address, and how its reports are read and signed."""

    @property
    def name(self) -> str: ...

    def read(self, body: Any, headers: Mapping[str, str]) -> list[Signal]:
        """Return what a report says; raise Refused where it is none of this system's."""
        ...

    def is_signed(self, raw: bytes, headers: Mapping[str, str], secret: str) -> bool:
        """Tell whether `raw` is signed with `secret`; False where the system cannot sign."""
        ...


@dataclass(frozen=True, slots=True)
class Form:
    """A system that signs nothing."""

    name: str
    reader: Callable[[Any], list[Signal]]

    def read(self, body: Any, headers: Mapping[str, str]) -> list[Signal]:
        del headers
        return self.reader(body)

    def is_signed(self, raw: bytes, headers: Mapping[str, str], secret: str) -> bool:
        del raw, headers, secret
        return False


@dataclass(frozen=True, slots=True)
class SignedForm:
    """A system that signs its reports."""

    name: str
    reader: Callable[[Any], list[Signal]]
    check: Callable[[bytes, Mapping[str, str], str], bool]

    def read(self, body: Any, headers: Mapping[str, str]) -> list[Signal]:
        del headers
        return self.reader(body)

    def is_signed(self, raw: bytes, headers: Mapping[str, str], secret: str) -> bool:
        return self.check(raw, headers, secret)


def fields(value: object) -> Fields:
    """Return an object's fields, none where it is no object."""
    return cast("Fields", value) if isinstance(value, dict) else {}


def items(value: object) -> list[Any]:
    return [*cast("Sequence[Any]", value)] if isinstance(value, list) else []


def words(value: object) -> str:
    """Return a field as text, "" where it is no text or number."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value)


def required(found: Fields, *names: str, of: str) -> str:
    """Return the first of `names` that says something; raise Refused where none does."""
    for name in names:
        if said := words(found.get(name)).strip():
            return said
    raise Refused(f"This is no report of {of}: it has no {' or '.join(names)}.", field=names[0])


def time(value: object) -> datetime | None:
    """Return a time that stands in RFC 3339, or as seconds or milliseconds since the epoch."""
    try:
        if isinstance(value, str) and not value.isdecimal():
            read = datetime.fromisoformat(value)
            return read if read.tzinfo else None
        number = float(words(value))
        return datetime.fromtimestamp(number / 1000 if number >= _MILLISECONDS_FROM else number, UTC)
    except (ValueError, OverflowError, OSError):
        return None
