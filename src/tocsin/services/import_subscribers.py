"""Imports subscribers from a stream of lines in constant memory, and reports on every line.

A batch of 500 is one transaction. What is reported as created stays, also where the stream breaks off later, and
importing the same lines again changes nothing: they are reported as duplicates.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import IO, Any, Final, NamedTuple

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from tocsin.domain.audience import Audiences
from tocsin.domain.errors import Refused
from tocsin.domain.subscriber import NewSubscriber
from tocsin.services.subscribe import Created, Duplicate, Outcome, subscribe_all
from tocsin.store.engine import begin

_BATCH: Final = 500
_TRIES: Final = 5


class Line(NamedTuple):
    """One line of the input, or why it cannot be read."""

    number: int
    content: bytes | Refused


class Unreadable(ValueError):
    """A line that breaks rules; `errors` are as in a problem answer."""

    def __init__(self, errors: Sequence[Mapping[str, str]]) -> None:
        super().__init__(errors[0]["detail"])
        self.errors = errors


ReadLine = Callable[[bytes], NewSubscriber]


async def import_subscribers(
    engine: AsyncEngine, lines: AsyncIterator[Line], read_line: ReadLine, audiences: Audiences, report: IO[bytes]
) -> Counter[str]:
    """Write the subscribers in `lines`, and a report line for each of them to `report`; return how many of each kind.

    `read_line` makes a subscriber of a line, or raises Unreadable or Refused.
    """
    counts: Counter[str] = Counter()
    batch: list[Line] = []
    async for line in lines:
        batch.append(line)
        if len(batch) == _BATCH:
            await _take(engine, batch, read_line, audiences, report, counts)
            batch = []
    await _take(engine, batch, read_line, audiences, report, counts)
    return counts


async def _take(
    engine: AsyncEngine,
    batch: Sequence[Line],
    read_line: ReadLine,
    audiences: Audiences,
    report: IO[bytes],
    counts: Counter[str],
) -> None:
    # Reading 500 lines takes tens of milliseconds: other requests go on meanwhile.
    read = await asyncio.to_thread(_read, batch, read_line)
    outcomes = iter(await _write(engine, [who for who in read if isinstance(who, NewSubscriber)], audiences))
    told: list[bytes] = []
    for line, what in zip(batch, read, strict=True):
        outcome = next(outcomes) if isinstance(what, NewSubscriber) else what
        entry = _entry(line.number, outcome)
        counts[entry["status"]] += 1
        told.append(json.dumps(entry, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
    await asyncio.to_thread(report.writelines, told)


def _read(batch: Sequence[Line], read_line: ReadLine) -> list[NewSubscriber | Refused | Unreadable]:
    return [_read_one(line.content, read_line) for line in batch]


def _read_one(content: bytes | Refused, read_line: ReadLine) -> NewSubscriber | Refused | Unreadable:
    if isinstance(content, Refused):
        return content
    try:
        return read_line(content)
    except (Refused, Unreadable) as error:
        return error


async def _write(engine: AsyncEngine, batch: Sequence[NewSubscriber], audiences: Audiences) -> list[Outcome]:
    if not batch:
        return []
    for left in reversed(range(_TRIES)):
        try:
            async with begin(engine) as connection:
                return await subscribe_all(connection, batch, audiences, from_list=True)
        except IntegrityError:  # somebody took one of the addresses meanwhile: look again
            if not left:
                raise
    raise AssertionError


def _entry(number: int, outcome: Outcome | Unreadable) -> dict[str, Any]:
    match outcome:
        case Created():
            entry = {"line": number, "status": "created", "id": outcome.id}
            if outcome.unknown:
                unknown = ", ".join(outcome.unknown)
                entry["detail"] = f"These incidents are not here, and what was chosen for them is left out: {unknown}."
            return entry
        case Duplicate():
            what = (
                f"{outcome.address} belongs to this subscriber" if outcome.address else "They are here without address"
            )
            detail = f"{what} already. Nothing was changed.{outcome.stays}"
            return {"line": number, "status": "duplicate", "id": outcome.id, "detail": detail}
        case Refused():
            errors = [{"field": outcome.field or "line", "detail": str(outcome)}]
            return {"line": number, "status": "refused", "errors": errors}
        case Unreadable():
            return {"line": number, "status": "refused", "errors": list(outcome.errors)}
