"""API keys as stored: a SHA-256, a prefix to recognise them by, and what they may do."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.scope import Scope


@dataclass(frozen=True, slots=True)
class Key:
    id: int
    name: str
    prefix: str
    scopes: frozenset[Scope]
    requests_per_minute: int | None
    created_at: datetime
    revoked_at: datetime | None


_COLUMNS = "id, name, prefix, scopes, requests_per_minute, created_at, revoked_at"


async def insert(
    connection: AsyncConnection,
    *,
    name: str,
    prefix: str,
    sha256: bytes,
    scopes: Collection[Scope],
    requests_per_minute: int | None,
) -> Key:
    made = await connection.execute(
        text(f"""
            INSERT INTO api_key (name, prefix, sha256, scopes, requests_per_minute)
            VALUES (:name, :prefix, :sha256, :scopes, :requests_per_minute) RETURNING {_COLUMNS}
        """),
        {
            "name": name,
            "prefix": prefix,
            "sha256": sha256,
            "scopes": sorted(scopes),
            "requests_per_minute": requests_per_minute,
        },
    )
    return _key(made.one())


async def find(connection: AsyncConnection, sha256: bytes) -> Key | None:
    """Return the key with this hash that is not revoked."""
    found = await connection.execute(
        text(f"SELECT {_COLUMNS} FROM api_key WHERE sha256 = :sha256 AND revoked_at IS NULL"), {"sha256": sha256}
    )
    row = found.one_or_none()
    return None if row is None else _key(row)


async def read(connection: AsyncConnection) -> list[Key]:
    found = await connection.execute(text(f"SELECT {_COLUMNS} FROM api_key ORDER BY id"))
    return [_key(row) for row in found]


async def revoke(connection: AsyncConnection, name_or_prefix: str) -> list[Key]:
    """Revoke the keys so named that still work, and return them."""
    found = await connection.execute(
        text(f"""
            UPDATE api_key SET revoked_at = tocsin_now()
            WHERE revoked_at IS NULL AND (name = :which OR prefix = :which) RETURNING {_COLUMNS}
        """),
        {"which": name_or_prefix},
    )
    return [_key(row) for row in found]


def _key(row: Row[tuple[object, ...]]) -> Key:
    return Key(
        id=row.id,
        name=row.name,
        prefix=row.prefix,
        scopes=frozenset(Scope(scope) for scope in row.scopes),
        requests_per_minute=row.requests_per_minute,
        created_at=row.created_at,
        revoked_at=row.revoked_at,
    )
