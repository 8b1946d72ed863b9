"""Reads a request's body line by line in constant memory: NDJSON, or CSV whose records may span lines."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Final

from pydantic import ValidationError

from tocsin.domain.errors import Refused
from tocsin.domain.subscriber import NewSubscriber
from tocsin.services.import_subscribers import Line, Unreadable
from tocsin.web.api.subscriber_bodies import SubscriberBody
from tocsin.web.errors import detail_of, field_of

_BOM: Final = b"\xef\xbb\xbf"
_LISTS: Final = frozenset({"audiences", "components", "phases"})
_OF_SUBSCRIBER: Final = frozenset({"name", "locale", "time_zone", "audiences"})
_OF_ENDPOINT: Final = frozenset({"channel", "address", "confirmed", "state"})
_OF_PREFERENCE: Final = frozenset({"components", "min_severity", "phases"})
COLUMNS: Final = _OF_SUBSCRIBER | _OF_ENDPOINT | _OF_PREFERENCE

AsSubscriber = Callable[[SubscriberBody], NewSubscriber]


async def split_lines(chunks: AsyncIterator[bytes], longest: int, *, quoted: bool = False) -> AsyncIterator[Line]:
    """Yield the lines of `chunks` that are not blank, numbered from 1; what is longer than `longest` is refused.

    `quoted`: line ends between double quotes belong to the record (RFC 4180, 2.6), which counts as its last line.
    """
    number, kept, overlong = 0, bytearray(), False
    async for chunk in chunks:
        for piece in chunk.splitlines(keepends=True) if b"\r" not in chunk else _at_newlines(chunk):
            if not overlong:
                kept += piece
                overlong = len(kept) > longest
            if not piece.endswith(b"\n"):
                continue
            number += 1
            if quoted and not overlong and kept.count(b'"') % 2:
                continue
            if overlong or kept.strip():
                yield _line(number, kept, longest, overlong=overlong)
            kept, overlong = bytearray(), False
    if overlong or kept.strip():
        yield _line(number + 1, kept, longest, overlong=overlong)


def _at_newlines(chunk: bytes) -> list[bytes]:
    pieces = chunk.split(b"\n")
    return [piece + b"\n" for piece in pieces[:-1]] + ([pieces[-1]] if pieces[-1] else [])


def _line(number: int, kept: bytearray, longest: int, *, overlong: bool) -> Line:
    if overlong:
        return Line(number, Refused(f"A line has at most {longest:,} bytes. Shorten it.", field="line"))
    content = bytes(kept)
    return Line(number, content.removeprefix(_BOM) if number == 1 else content)


def json_reader(as_subscriber: AsSubscriber) -> Callable[[bytes], NewSubscriber]:
    """Return what makes a subscriber of a line of NDJSON."""

    def read(content: bytes) -> NewSubscriber:
        try:
            value = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise Refused(f"This line is not valid JSON: {str(error)[:200]}", field="line") from error
        return _read(value, as_subscriber)

    return read


def csv_reader(header: bytes, as_subscriber: AsSubscriber) -> Callable[[bytes], NewSubscriber]:
    """Return what makes a subscriber of a CSV record; raise Refused where `header` names unknown columns."""
    columns = [name.strip() for name in _record(header)]
    unknown = [name for name in columns if name not in COLUMNS]
    if unknown or len(set(columns)) < len(columns):
        raise Refused(
            f"The first line names the columns, each once, of: {', '.join(sorted(COLUMNS))}. "
            f"Mend: {', '.join(unknown) or 'a column that stands there twice'}.",
            field="header",
        )

    def read(content: bytes) -> NewSubscriber:
        cells = _record(content)
        if len(cells) != len(columns):
            raise Refused(f"This line has {len(cells)} cells, and the header names {len(columns)}.", field="line")
        return _read(_from_cells(dict(zip(columns, cells, strict=True))), as_subscriber)

    return read


def _record(content: bytes) -> list[str]:
    try:
        [record] = csv.reader(io.StringIO(content.decode("utf-8"), newline=""), strict=True)
    except (UnicodeDecodeError, csv.Error, ValueError) as error:
        raise Refused(f"This line is not valid CSV in UTF-8: {error}", field="line") from error
    return record


def _from_cells(cells: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, cell in cells.items():
        cell = cell.strip()  # noqa: PLW2901 - the cell as it is meant
        if not cell:
            continue
        if name in _LISTS:
            values[name] = [part.strip() for part in cell.split(";") if part.strip()]
        elif name == "confirmed":
            values[name] = {"true": True, "false": False}.get(cell.lower(), cell)
        else:
            values[name] = cell
    subscriber = {name: value for name, value in values.items() if name in _OF_SUBSCRIBER}
    endpoint = {name: value for name, value in values.items() if name in _OF_ENDPOINT}
    preference = {name: value for name, value in values.items() if name in _OF_PREFERENCE}
    if endpoint or preference:
        subscriber["endpoints"] = [endpoint | ({"preference": preference} if preference else {})]
    return subscriber


def _read(value: object, as_subscriber: AsSubscriber) -> NewSubscriber:
    try:
        return as_subscriber(SubscriberBody.model_validate(value))
    except ValidationError as error:
        errors = [{"field": field_of(one), "detail": detail_of(one)} for one in error.errors(include_url=False)[:10]]
        raise Unreadable(errors) from error
