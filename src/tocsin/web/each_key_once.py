"""Refuses JSON in which a key stands twice: readers differ over which one counts, so nobody can know what was meant.

RFC 8259 (4) leaves it open, RFC 7493 (2.3) forbids it.
"""

from __future__ import annotations

import json
from typing import Any, Final

from fastapi import Request

from tocsin.web.errors import Problem

_LONGEST: Final = 100


class DoubledKey(ValueError):
    """A key stands twice in one object."""

    def __init__(self, key: str) -> None:
        self.key = key[:_LONGEST]
        super().__init__(f"The key {self.key!r} stands twice in one object, and only one could count. Write it once.")


def read_json(raw: bytes) -> object:
    """Return what `raw` says; raise DoubledKey, or ValueError or RecursionError where it is no JSON."""
    return json.loads(raw, object_pairs_hook=_once)


async def each_key_once(request: Request) -> None:
    """Refuse a call of the API whose body has a key twice; whatever else is wrong with it, others say."""
    if request.method not in {"POST", "PATCH", "PUT"} or not request.url.path.startswith("/v1/"):
        return
    kind = request.headers.get("content-type", "")
    if not kind.startswith("application/json"):
        return
    try:
        read_json(await request.body())
    except DoubledKey as error:
        raise Problem(400, str(error), errors=[{"field": error.key, "detail": "It stands twice."}]) from error
    except (ValueError, RecursionError):
        return


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise DoubledKey(key)
            seen.add(key)
    return made
