"""The kinds of field that request bodies are made of, each refused at the door with what to do about it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import Enum
from typing import Annotated, Any, Final, Literal, TypeVar, cast

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, StringConstraints

from tocsin.domain.incident import Severity
from tocsin.domain.text import many_lines, one_line
from tocsin.domain.update_template import LONGEST_BODY, LONGEST_TITLE

_LONGEST_VARIABLE: Final = 1_000
_DEEPEST: Final = 8
_LARGEST: Final = 16_384
_EXACT: Final = 2**53  # beyond it numbers do not survive other programs (RFC 7493, 2.2)
_AUDIENCE_TEXT: Final = re.compile(r"[^.]+(\.[a-z]{2,3}(-[A-Za-z0-9]{2,8})*)?")
_OLDEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
_NEWEST: Final = datetime(2100, 1, 1, tzinfo=UTC)

E = TypeVar("E", bound=Enum)


class Body(BaseModel):
    """A request body: unknown fields are refused, and nothing is converted on the quiet."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def words(enum: type[E]) -> BeforeValidator:
    """Return a validator that reads a member of `enum` from its value."""
    return BeforeValidator(lambda value: _member(list(enum), value))


def member_of(some: Sequence[E]) -> BeforeValidator:
    """Return the same for those members alone that are in `some`; the description names no others."""
    literal: Any = Literal  # known when it runs, which no type is
    named: Any = literal[tuple(str(member.value) for member in some)]
    return BeforeValidator(lambda value: _member(some, value), json_schema_input_type=named)


def _member(some: Sequence[E], value: object) -> E:
    for member in some:
        if value == member.value:
            return member
    known = ", ".join(str(member.value) for member in some)
    raise ValueError(f"This is not one of: {known}")


def _severity(value: object) -> Severity:
    for severity in Severity:
        if value == severity.label:
            return severity
    raise ValueError(f"This is not one of: {', '.join(severity.label for severity in Severity)}")


def _one_line(value: str) -> str:
    return one_line(value, "")


def _many_lines(value: str) -> str:
    return many_lines(value, "")


def _time(value: object) -> datetime:
    try:
        read = datetime.fromisoformat(value.upper()) if isinstance(value, str) and "T" in value.upper() else None
    except ValueError:
        read = None
    if read is None or read.tzinfo is None:
        raise ValueError("Write a time with its zone as RFC 3339 has it: 2026-11-21T20:00:00Z")
    if read < _OLDEST:
        raise ValueError("This is before the year 2000. Check the time")
    if read >= _NEWEST:
        raise ValueError("This is after the year 2099. Check the time, or leave it out where it has no end")
    return read.astimezone(UTC)


def _audience_key(value: str) -> str:
    if not _AUDIENCE_TEXT.fullmatch(value):
        raise ValueError('Name an audience, with a language behind a dot where one is meant: "customers.de"')
    return value


def _variable(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("Write a text or a number here")  # noqa: TRY004 - pydantic reads ValueError alone
    if len(said := str(value)) > _LONGEST_VARIABLE:
        raise ValueError(f"This has more than {_LONGEST_VARIABLE:,} characters. Write the long part as a text")
    return said


def bounded_json(value: dict[str, Any]) -> dict[str, Any]:
    """Return `value` where it can be kept and given back unchanged."""
    for problem in _unkeepable(value, 1):
        raise ValueError(problem)
    if len(json.dumps(value)) > _LARGEST:
        raise ValueError(f"This takes more than {_LARGEST:,} bytes as JSON. Keep less of it here")
    return value


def _unkeepable(value: Any, depth: int) -> list[str]:
    match value:
        case str():
            return _bad_text(value)
        case bool() | None:
            return []
        case int() | float():
            exact = -_EXACT <= value <= _EXACT  # also false for NaN
            return [] if exact else ["A number here is too large to be kept exactly. Write it as a string"]
        case dict() | list():
            if depth > _DEEPEST:
                return [f"This is nested deeper than {_DEEPEST} levels. Make it flatter"]
            return [
                problem
                for item in _parts(cast("dict[str, Any] | list[Any]", value))
                for problem in _unkeepable(item, depth + 1)
            ]
        case _:
            return ["This cannot be kept as JSON"]


def _parts(value: dict[str, Any] | list[Any]) -> list[Any]:
    return [*value, *value.values()] if isinstance(value, dict) else value


def _bad_text(value: str) -> list[str]:
    if "\0" in value:
        return ["A text here has the character U+0000, which cannot be kept. Take it out"]
    if any("\ud800" <= character <= "\udfff" for character in value):
        return ["A text here has half of a surrogate pair, which is no character. Take it out"]
    return []


Title = Annotated[str, StringConstraints(max_length=LONGEST_TITLE), AfterValidator(_one_line)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+([-_][a-z0-9]+)*$", max_length=64)]
Line = Annotated[str, StringConstraints(max_length=100), AfterValidator(_one_line)]
Note = Annotated[str, StringConstraints(max_length=1_000), AfterValidator(_many_lines)]
Text = Annotated[str, StringConstraints(max_length=LONGEST_BODY), AfterValidator(_many_lines)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
Variable = Annotated[str, BeforeValidator(_variable, json_schema_input_type=str | int | float)]
AudienceKey = Annotated[str, AfterValidator(_audience_key)]
SeverityField = Annotated[Severity, BeforeValidator(_severity, json_schema_input_type=str)]
Time = Annotated[datetime, BeforeValidator(_time, json_schema_input_type=str)]
Metadata = Annotated[dict[str, Any], AfterValidator(bounded_json)]
