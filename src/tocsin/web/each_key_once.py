"""Refuses JSON in which a key stands twice: readers differ over which one counts, so nobody can know what was meant.

RFC 8259 (4) leaves it open, RFC 7493 (2.3) forbids it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi import Request, Response
from fastapi.routing import APIRoute

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


class EachKeyOnce(APIRoute):
    """A route of the API: a body in which a key stands twice is refused as it is parsed."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def read_strictly(request: Request) -> Response:
            return await handle(_StrictRequest(request.scope, request.receive))

        return read_strictly


class _StrictRequest(Request):
    async def json(self) -> Any:
        try:
            return read_json(await self.body())
        except DoubledKey as error:
            raise Problem(400, str(error), errors=[{"field": error.key, "detail": "It stands twice."}]) from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise DoubledKey(key)
            seen.add(key)
    return made
