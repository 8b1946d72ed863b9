"""`Idempotency-Key`: the same request under the same key is answered as the first was, and changes nothing more.

The answer is kept in the same transaction as the effect, so neither can be without the other. Refusals are not kept:
mend the request and send it under the same key.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Any, Final

from fastapi import Depends, Header, Request
from fastapi.responses import JSONResponse
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.store import idempotency
from tocsin.store.engine import Connection, bare, begin
from tocsin.web.auth import Caller, caller
from tocsin.web.deps import Site, site
from tocsin.web.errors import Problem

_PATIENCE_SECONDS: Final = 30.0  # for a connection; whoever waits longer is told to come again


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered, and kept under the key."""

    status: int
    body: dict[str, Any]


Work = Callable[[AsyncConnection], Awaitable[Answer]]
BareWork = Callable[[Connection], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Once:
    """One request that has an effect."""

    site: Site
    caller: Caller
    key: str | None
    request_sha256: bytes

    async def __call__(self, work: Work) -> JSONResponse:
        """Do `work` in one transaction, unless it was done under this key before, and return the answer."""
        async with begin(self.site.engine) as connection:
            if self.key is None:
                return _sent(await work(connection))
            return await self._under_key(await bare(connection), self.key, lambda: work(connection))

    async def swiftly(self, work: BareWork) -> JSONResponse:
        """Do the same by the driver alone, for what comes by the hundreds a second."""
        async with self.site.pool.acquire(timeout=_PATIENCE_SECONDS) as connection, connection.transaction():
            if self.key is None:
                return _sent(await work(connection))
            return await self._under_key(connection, self.key, lambda: work(connection))

    async def _under_key(self, connection: Connection, key: str, work: Callable[[], Awaitable[Answer]]) -> JSONResponse:
        owner = self.caller.key.id
        if not await idempotency.lock(connection, owner, key):
            raise Problem(
                409,
                "A request with this Idempotency-Key is under way. Send the same request again in a moment.",
                headers={"Retry-After": "1"},
            )
        kept = await idempotency.find(connection, owner, key)
        if kept is None:
            answer = await work()
            await idempotency.keep(connection, owner, key, self.request_sha256, answer.status, answer.body)
            return _sent(answer)
        if kept.request_sha256 != self.request_sha256:
            raise Problem(
                422,
                "This Idempotency-Key was used for another request: another address or body. Take a new key.",
                errors=[{"field": "Idempotency-Key", "detail": "It was used for another request."}],
            )
        return JSONResponse(kept.body, kept.status, {"Idempotency-Replayed": "true"})


def _sent(answer: Answer) -> JSONResponse:
    return JSONResponse(answer.body, answer.status)


async def once(
    request: Request,
    found: Annotated[Site, Depends(site)],
    who: Annotated[Caller, Depends(caller)],
    key: Annotated[
        str | None,
        Header(alias="Idempotency-Key", description="Makes it safe to send the request again: 1-255 printable ASCII."),
    ] = None,
) -> Once:
    """Return what carries out the effect of this request once."""
    if key is not None and not (1 <= len(key) <= 255 and key.isascii() and key.isprintable()):  # noqa: PLR2004
        raise Problem(400, "Idempotency-Key takes 1 to 255 printable ASCII characters. Send another one.")
    body = await request.body()
    asked = b"\n".join((request.method.encode(), request.url.path.encode(), body))
    return Once(found, who, key, sha256(asked).digest())


OnceDep = Annotated[Once, Depends(once)]
