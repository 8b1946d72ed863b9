"""Answers that were given, by key, kept in the same transaction as the effect, so that asking again changes nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tocsin.store.engine import Connection

# Two statements: what is read must be newer than the lock.
_LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended($2, $1))"
_FIND = "SELECT request_sha256, status, body::text FROM idempotency WHERE key_id = $1 AND key = $2"
_KEEP = """
    INSERT INTO idempotency (key_id, key, request_sha256, status, body) VALUES ($1, $2, $3, $4, $5::text::jsonb)
"""


@dataclass(frozen=True, slots=True)
class Kept:
    request_sha256: bytes
    status: int
    body: dict[str, Any]


async def lock(connection: Connection, key_id: int, key: str) -> bool:
    """Tell whether this transaction is the only one at work under `key`; if so it stays so until its end."""
    return bool(await connection.fetchval(_LOCK, key_id, key))


async def find(connection: Connection, key_id: int, key: str) -> Kept | None:
    row = await connection.fetchrow(_FIND, key_id, key)
    return None if row is None else Kept(row["request_sha256"], row["status"], json.loads(row["body"]))


async def keep(
    connection: Connection, key_id: int, key: str, request_sha256: bytes, status: int, body: dict[str, Any]
) -> None:
    await connection.execute(_KEEP, key_id, key, request_sha256, status, json.dumps(body))
