"""Reads a request's body line by line in constant memory: NDJSON, or CSV whose records may span lines."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final

from pydantic import ValidationError

from tocsin.domain.errors import Refused
from tocsin.domain.subscriber import NewSubscriber
from tocsin.services.import_subscribers import Line, Unreadable
from tocsin.web.api.preference_body import AS_EXPORTED
from tocsin.web.api.subscriber_bodies import SubscriberBody
from tocsin.web.api.table import body_reader
from tocsin.web.each_key_once import DoubledKey, read_json
from tocsin.web.errors import detail_of, field_of

_BOM: Final = b"\xef\xbb\xbf"

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
            value = read_json(content)
        except DoubledKey as error:
            raise Refused(str(error), field="line") from error
        except (ValueError, RecursionError) as error:
            raise Refused(f"This line is not valid JSON: {str(error)[:200]}", field="line") from error
        return _read(value, as_subscriber)

    return read


def csv_reader(columns: Sequence[str], as_subscriber: AsSubscriber) -> Callable[[bytes], NewSubscriber]:
    """Return what makes a subscriber of their rows in a table with `columns`."""
    body = body_reader(columns)

    def read(content: bytes) -> NewSubscriber:
        return _read(body(content), as_subscriber)

    return read


def _read(value: object, as_subscriber: AsSubscriber) -> NewSubscriber:
    try:
        return as_subscriber(SubscriberBody.model_validate(value, context=AS_EXPORTED))
    except ValidationError as error:
        errors = [{"field": field_of(one), "detail": detail_of(one)} for one in error.errors(include_url=False)[:10]]
        raise Unreadable(errors) from error
