"""Who is calling and what their key allows: answers 401 without a key, 429 beyond its quota, 403 without the scope."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Request, Security
from fastapi.params import Depends as DependsParam
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.ext.asyncio import AsyncEngine

from tocsin.domain.key import hash_key, is_well_formed
from tocsin.domain.scope import Scope, allows
from tocsin.services.keys import Key, verify_key
from tocsin.store.engine import begin
from tocsin.web.errors import Problem

# A revoked key works for at most this long in a process that has just seen it.
REMEMBERED_SECONDS: Final = 4.0
_REMEMBERED_KEYS: Final = 10_000

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

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._seen: dict[bytes, tuple[float, Key]] = {}

    async def find(self, secret: str) -> Key | None:
        """Return the working key that `secret` is."""
        if not is_well_formed(secret):
            return None
        digest = hash_key(secret)
        now = time.monotonic()
        remembered = self._seen.get(digest)
        if remembered is not None and remembered[0] > now:
            return remembered[1]
        async with begin(self._engine) as connection:
            key = await verify_key(connection, secret)
        self._seen.pop(digest, None)
        if key is not None:
            if len(self._seen) >= _REMEMBERED_KEYS:
                self._seen.clear()
            self._seen[digest] = (now + REMEMBERED_SECONDS, key)
        return key


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
