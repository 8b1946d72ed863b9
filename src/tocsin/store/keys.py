"""API keys as stored: a SHA-256, a prefix to recognise them by, and what they may do."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import asyncpg
from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.scope import Scope
from tocsin.store.engine import Connection


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
_FIND = f"SELECT sha256, {_COLUMNS} FROM api_key WHERE sha256 = ANY($1::bytea[]) AND revoked_at IS NULL"


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
    return _key(made.mappings().one())


async def find(connection: Connection, hashes: Collection[bytes]) -> dict[bytes, Key]:
    """Return those keys with these hashes that are not revoked."""
    rows = await connection.fetch(_FIND, list(hashes))
    return {row["sha256"]: _key(row) for row in rows}


async def read(connection: AsyncConnection) -> list[Key]:
    found = await connection.execute(text(f"SELECT {_COLUMNS} FROM api_key ORDER BY id"))
    return [_key(row) for row in found.mappings()]


async def revoke(connection: AsyncConnection, name_or_prefix: str) -> list[Key]:
    """Revoke the keys so named that still work, and return them."""
    found = await connection.execute(
        text(f"""
            UPDATE api_key SET revoked_at = tocsin_now()
            WHERE revoked_at IS NULL AND (name = :which OR prefix = :which) RETURNING {_COLUMNS}
        """),
        {"which": name_or_prefix},
    )
    return [_key(row) for row in found.mappings()]


def _key(row: RowMapping | asyncpg.Record) -> Key:
    return Key(
        id=row["id"],
        name=row["name"],
        prefix=row["prefix"],
        scopes=frozenset(Scope(scope) for scope in row["scopes"]),
        requests_per_minute=row["requests_per_minute"],
        created_at=row["created_at"],
        revoked_at=row["revoked_at"],
    )
