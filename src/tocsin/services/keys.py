"""Makes, lists, revokes and verifies API keys; a key is shown once and only its SHA-256 is kept."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy.ext.asyncio import AsyncEngine

from tocsin.domain.errors import NotFound, Refused
from tocsin.domain.key import SHOWN, hash_key, new_key
from tocsin.domain.scope import Scope
from tocsin.domain.text import one_line
from tocsin.store import keys as store
from tocsin.store.engine import Connection, begin
from tocsin.store.keys import Key

__all__ = ["Key", "create_key", "list_keys", "revoke_key", "verify_keys"]

_LONGEST_NAME = 100


async def create_key(
    engine: AsyncEngine, name: str, scopes: Collection[Scope], *, requests_per_minute: int | None = None
) -> tuple[str, Key]:
    """Return a new key, which nobody can ever read again, and what is kept of it."""
    name = one_line(name, "name")
    if len(name) > _LONGEST_NAME:
        raise Refused(f"A key's name has at most {_LONGEST_NAME} characters.", field="name")
    if not scopes:
        raise Refused(f"Give the key at least one scope of: {', '.join(Scope)}.", field="scopes")
    secret = new_key()
    async with begin(engine) as connection:
        kept = await store.insert(
            connection,
            name=name,
            prefix=secret[:SHOWN],
            sha256=hash_key(secret),
            scopes=scopes,
            requests_per_minute=requests_per_minute,
        )
    return secret, kept


async def list_keys(engine: AsyncEngine) -> list[Key]:
    """Return all keys, the revoked ones too, oldest first."""
    async with begin(engine) as connection:
        return await store.read(connection)


async def revoke_key(engine: AsyncEngine, name_or_prefix: str) -> list[Key]:
    """Revoke every key of that name or prefix; each web process stops taking it within five seconds."""
    async with begin(engine) as connection:
        revoked = await store.revoke(connection, name_or_prefix)
    if not revoked:
        raise NotFound(f"There is no working key {name_or_prefix!r}. See `tocsin key list`.")
    return revoked


async def verify_keys(connection: Connection, hashes: Collection[bytes]) -> dict[bytes, Key]:
    """Return the keys with these hashes; those that are unknown or revoked are left out."""
    return await store.find(connection, hashes)
