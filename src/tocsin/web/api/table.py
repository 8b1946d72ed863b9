"""Subscribers as a table: a row for each of their addresses, read and written as RFC 4180 has it.

Rows that follow each other with the same word in `subscriber` are one person. What spreadsheets would take for a
formula has an apostrophe before it, which is taken off again.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, Final

from tocsin.domain.errors import Refused
from tocsin.services.import_subscribers import Line

_OF_SUBSCRIBER: Final = ("name", "locale", "time_zone", "audiences")
_OF_ENDPOINT: Final = ("channel", "address", "confirmed", "state", "language", "follows", "only_follows", "snoozed")
_OF_PREFERENCE: Final = (
    *("components", "groups", "min_severity", "phases", "mode", "digest_at", "quiet_hours", "sev1_breaks_quiet"),
    *("paused_until", "fallback", "by_policy"),
)
COLUMNS: Final = ("subscriber", *_OF_SUBSCRIBER, *_OF_ENDPOINT, *_OF_PREFERENCE, "consent")
MOST_ROWS: Final = 51  # one more than a subscriber may have addresses, so that they are refused and not cut off

_LISTS: Final = frozenset({"audiences", "components", "groups", "phases", "by_policy", "follows"})
_FLAGS: Final = frozenset({"confirmed", "only_follows", "sev1_breaks_quiet"})
_NONE_OF_THEM: Final = "-"
_FORMULA: Final = re.compile(r"'*[=+\-@\t\r]").match
_GUARDED: Final = re.compile(r"'+[=+\-@\t\r]").match
_HOURS: Final = re.compile(r"([a-z,]+) ([0-9:]{5})-([0-9:]{5})").fullmatch


def header_of(line: bytes) -> list[str]:
    """Return the columns that the first line names; raise Refused where one is unknown or stands there twice."""
    columns = [name.strip() for record in _records(line) for name in record]
    unknown = [name for name in columns if name not in COLUMNS]
    if unknown or len(set(columns)) < len(columns):
        raise Refused(
            f"The first line names the columns, each once, of: {', '.join(COLUMNS)}. "
            f"Mend: {', '.join(unknown) or 'a column that stands there twice'}.",
            field="header",
        )
    return columns


async def persons(lines: AsyncIterator[Line], columns: Sequence[str]) -> AsyncIterator[Line]:
    """Yield the rows of each subscriber as one line, which counts as the first of them."""
    place = columns.index("subscriber") if "subscriber" in columns else None
    kept: Line | None = None
    who, rows = "", 0
    async for line in lines:
        name = "" if place is None else _cell(line, place)
        if kept is not None and name and name == who:
            rows += 1
            if rows <= MOST_ROWS:
                kept = Line(kept.number, _joined(kept.content, line.content))
            continue
        if kept is not None:
            yield kept
        kept, who, rows = line, name, 1
    if kept is not None:
        yield kept


def body_reader(columns: Sequence[str]) -> Callable[[bytes], dict[str, Any]]:
    """Return what makes a subscriber, as JSON has them, of their rows."""

    def read(content: bytes) -> dict[str, Any]:
        rows: list[dict[str, str]] = []
        for record in _records(content):
            if len(record) != len(columns):
                raise Refused(f"This line has {len(record)} cells, and the header names {len(columns)}.", field="line")
            rows.append(dict(zip(columns, record, strict=True)))
        told = [_named(row, _OF_SUBSCRIBER) for row in rows]
        for one in told[1:]:
            differing = [name for name, value in one.items() if value != told[0].get(name)]
            if differing:
                raise Refused(f"The rows of one subscriber differ in {differing[0]}.", field=differing[0])
        return told[0] | {"endpoints": [endpoint for row in rows if (endpoint := _endpoint(row))]}

    return read


def written(subscriber: int, exported: Mapping[str, Any]) -> str:
    """Return the rows of one subscriber, as JSON has them, under the number `subscriber`."""
    base = {"subscriber": str(subscriber)} | {name: _told(name, exported[name]) for name in _OF_SUBSCRIBER}
    rows: list[dict[str, str]] = []
    for endpoint in exported["endpoints"]:
        flat = endpoint | endpoint["preference"] | {"language": endpoint["locale"]}
        consent = json.dumps(endpoint["consent"], ensure_ascii=False) if endpoint["consent"] else ""
        cells = {name: _told(name, flat[name]) for name in (*_OF_ENDPOINT, *_OF_PREFERENCE)}
        rows.append(base | cells | {"consent": consent})
    return "".join(_line([row.get(name, "") for name in COLUMNS]) for row in rows or [base])


def header() -> str:
    return _line(COLUMNS)


def _line(cells: Sequence[str]) -> str:
    kept = io.StringIO(newline="")
    csv.writer(kept).writerow(cells)
    return kept.getvalue()


def _told(name: str, value: Any) -> str:  # noqa: PLR0911 - one form a column, as in a table
    """Return a value as its cell has it."""
    if value is None or (value == [] and name != "components") or value == {}:
        return ""
    match name:
        case "snoozed":
            return "; ".join(f"{incident} {until or ''}".strip() for incident, until in value.items())
        case "quiet_hours":
            return "; ".join(f"{','.join(one['days'])} {one['from']}-{one['to']}" for one in value)
        case _ if name in _LISTS:
            return ";".join(value) or _NONE_OF_THEM
        case _ if name in _FLAGS:
            return "true" if value else "false"
        case "address" if not isinstance(value, str):
            return json.dumps(value)
        case _:
            said = str(value)
            return f"'{said}" if _FORMULA(said) else said


def _meant(name: str, cell: str) -> Any:
    """Return what a cell that is not empty stands for; what makes no sense is left for whoever checks the whole."""
    match name:
        case "snoozed":
            pairs = (part.split() for part in cell.split(";"))
            return {words[0]: words[1] if words[1:] else None for words in pairs if words}
        case "quiet_hours":
            return [_hours(part.strip()) for part in cell.split(";") if part.strip()]
        case "consent":
            return _json(cell)
        case _ if name in _LISTS:
            return [] if cell == _NONE_OF_THEM else [part.strip() for part in cell.split(";") if part.strip()]
        case _ if name in _FLAGS:
            return {"true": True, "false": False}.get(cell.lower(), cell)
        case _:
            return cell[1:] if _GUARDED(cell) else cell


def _hours(said: str) -> Any:
    found = _HOURS(said)
    if found is None:
        raise Refused('Write quiet hours as "mon,tue 22:00-07:00; sat 20:00-09:00".', field="quiet_hours")
    return {"days": found[1].split(","), "from": found[2], "to": found[3]}


def _json(cell: str) -> Any:
    try:
        return json.loads(cell)
    except (ValueError, RecursionError) as error:
        raise Refused("This is evidence of consent as an export writes it, in JSON.", field="consent") from error


def _named(row: Mapping[str, str], names: Sequence[str]) -> dict[str, Any]:
    return {name: _meant(name, cell) for name in names if (cell := row.get(name, "").strip())}


def _endpoint(row: Mapping[str, str]) -> dict[str, Any]:
    endpoint, preference = _named(row, (*_OF_ENDPOINT, "consent")), _named(row, _OF_PREFERENCE)
    if "language" in endpoint:
        endpoint["locale"] = endpoint.pop("language")
    return endpoint | ({"preference": preference} if preference else {})


def _cell(line: Line, place: int) -> str:
    if isinstance(line.content, Refused):
        return ""
    try:
        [record] = _records(line.content)
    except (Refused, ValueError):
        return ""
    return record[place].strip() if place < len(record) else ""


def _joined(first: bytes | Refused, more: bytes | Refused) -> bytes | Refused:
    if isinstance(first, Refused) or isinstance(more, Refused):
        return first if isinstance(first, Refused) else more
    return (first if first.endswith(b"\n") else first + b"\n") + more


def _records(content: bytes) -> list[list[str]]:
    try:
        return list(csv.reader(io.StringIO(content.decode("utf-8"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error, ValueError) as error:
        raise Refused(f"This line is not valid CSV in UTF-8: {error}", field="line") from error
