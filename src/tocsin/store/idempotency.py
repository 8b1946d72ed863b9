"""Answers that were given, by key, kept in the same transaction as the effect, so that asking again changes nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

# Two statements: what is read must be newer than the lock.
_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:key, :key_id))")
_FIND = text("SELECT request_sha256, status, body FROM idempotency WHERE key_id = :key_id AND key = :key")
_KEEP = text("""
    INSERT INTO idempotency (key_id, key, request_sha256, status, body)
    VALUES (:key_id, :key, :request_sha256, :status, CAST(:body AS jsonb))
""")


@dataclass(frozen=True, slots=True)
class Kept:
    request_sha256: bytes
    status: int
    body: dict[str, Any]


async def lock(connection: AsyncConnection, key_id: int, key: str) -> bool:
    """Tell whether this transaction is the only one at work under `key`; if so it stays so until its end."""
    return bool((await connection.execute(_LOCK, {"key_id": key_id, "key": key})).scalar_one())


async def find(connection: AsyncConnection, key_id: int, key: str) -> Kept | None:
    row = (await connection.execute(_FIND, {"key_id": key_id, "key": key})).one_or_none()
    return None if row is None else Kept(bytes(row.request_sha256), row.status, row.body)


async def keep(
    connection: AsyncConnection, key_id: int, key: str, request_sha256: bytes, status: int, body: dict[str, Any]
) -> None:
    await connection.execute(
        _KEEP,
        {
            "key_id": key_id,
            "key": key,
            "request_sha256": request_sha256,
            "status": status,
            "body": json.dumps(body),
        },
    )
