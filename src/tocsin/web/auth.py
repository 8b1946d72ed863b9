"""Who is calling and what their key allows: answers 401 without a key, 429 beyond its quota, 403 without the scope."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final

import asyncpg
import structlog
from fastapi import Depends, Request, Security
from fastapi.params import Depends as DependsParam
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from tocsin.domain.errors import NotReady
from tocsin.domain.key import hash_key, is_well_formed
from tocsin.domain.scope import Scope, allows
from tocsin.services.keys import Key, verify_keys
from tocsin.store.engine import Pool
from tocsin.web.errors import Problem
from tocsin.web.together import Together

log = structlog.get_logger()

# A revoked key works for at most this long in a process that has just seen it.
REMEMBERED_SECONDS: Final = 4.0
RENEW_SECONDS: Final = 1.0
_REMEMBERED_KEYS: Final = 10_000
_WAITING_KEYS: Final = 10_000
_PATIENCE_SECONDS: Final = 30.0  # for a connection

_bearer = HTTPBearer(auto_error=False, scheme_name="key", description="`Authorization: Bearer tcs_…`")


@dataclass(frozen=True, slots=True)
class Caller:
    """The key that a request came with."""

    key: Key

    @property
    def name(self) -> str:
        """How the ledger and the history name the caller."""
        return f"key:{self.key.name}"

    def may(self, scope: Scope) -> bool:
        return allows(self.key.scopes, scope)

    def require(self, scope: Scope, why: str = "") -> None:
        """Raise a 403 that names the scope, unless this key has it."""
        if not self.may(scope):
            reason = why or "This"
            raise Problem(
                403, f"{reason} takes a key with the scope {scope}. Use another key, or have one made with it."
            )


class KeyRing:
    """The keys seen in the last seconds, so that not every request costs a query."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._seen: dict[bytes, tuple[float, Key]] = {}
        self._used: set[bytes] = set()  # and past half of their time
        self._verify = Together(self._look_up, _WAITING_KEYS)

    async def find(self, secret: str) -> Key | None:
        """Return the working key that `secret` is; raise what the database raises where it cannot tell."""
        if not is_well_formed(secret):
            return None
        digest = hash_key(secret)
        until, key = self._seen.get(digest, (0.0, None))
        left = until - time.monotonic()
        if left <= 0:
            [key] = await self._verify(digest)
        elif left < REMEMBERED_SECONDS / 2:
            self._used.add(digest)
        return key

    async def renew(self) -> None:
        """Verify anew what is in use, together and ahead of need; call this every RENEW_SECONDS."""
        used, self._used = self._used, set()
        if not used:
            return
        try:
            await self._verify(*used)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, NotReady) as error:
            log.warning("keys.not_renewed", error=str(error))  # each lapses, and is asked for when it is next used

    async def _look_up(self, digests: Sequence[bytes]) -> list[Key | None]:
        async with self._pool.acquire(timeout=_PATIENCE_SECONDS) as connection:
            until = time.monotonic() + REMEMBERED_SECONDS
            found = await verify_keys(connection, set(digests))
        for digest in digests:
            self._seen.pop(digest, None)
        if len(self._seen) + len(found) > _REMEMBERED_KEYS:
            self._seen.clear()
        self._seen |= {digest: (until, key) for digest, key in found.items()}
        return [found.get(digest) for digest in digests]


async def caller(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]
) -> Caller:
    """Return who calls; the gate in front of the routes has checked the key."""
    del credentials  # declared so that the API's description names the scheme
    found = request.scope.get("tocsin.caller")
    if not isinstance(found, Caller):
        raise no_key()
    return found


CallerDep = Annotated[Caller, Depends(caller)]


def no_key() -> Problem:
    return Problem(
        401,
        "Send a key that works as `Authorization: Bearer tcs_…`. `tocsin key create` makes one.",
        headers={"WWW-Authenticate": 'Bearer realm="tocsin"'},
    )


def needs(scope: Scope) -> DependsParam:
    """Return a dependency that gives the Caller, provided that its key has `scope`."""

    async def check(found: CallerDep) -> Caller:
        found.require(scope)
        return found

    made = Depends(check)
    assert isinstance(made, DependsParam)
    return made
