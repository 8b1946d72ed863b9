"""Gives new endpoints their bucket: some 500 of one channel and audience rank, the unit that a worker leases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

BUCKET_SIZE: Final = 500
PLACING_LOCK: Final = 0x70C52

_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(:lock)")
# Locked in the order of ids, as the fan-out does, so that the two never wait for each other in a circle.
_OPEN = text("""
    SELECT id, channel, rank, size FROM bucket
    WHERE size < :full AND home IS NULL
      AND (channel, rank) IN (SELECT * FROM unnest(CAST(:channels AS text[]), CAST(:ranks AS smallint[])))
    ORDER BY id FOR UPDATE
""")
_FILL = text("""
    UPDATE bucket SET size = bucket.size + f.n
    FROM unnest(CAST(:ids AS int[]), CAST(:counts AS int[])) AS f (id, n) WHERE bucket.id = f.id
""")
_MAKE = text("INSERT INTO bucket (channel, rank, size) VALUES (:channel, :rank, :size) RETURNING id")


async def one_at_a_time(connection: AsyncConnection) -> None:
    """Let no other transaction place endpoints until this one ends."""
    await connection.execute(_ONE_AT_A_TIME, {"lock": PLACING_LOCK})


async def place(connection: AsyncConnection, channel: str, rank: int, n: int) -> list[int]:
    """Return the bucket of each of `n` new endpoints on `channel` whose narrowest audience has `rank`."""
    placed = await place_all(connection, {(channel, rank): n})
    return placed[channel, rank]


async def place_all(
    connection: AsyncConnection, wanted: Mapping[tuple[str, int], int]
) -> dict[tuple[str, int], list[int]]:
    """Return a bucket for each new endpoint, by channel and rank; the caller inserts them in this transaction."""
    wanted = {where: n for where, n in wanted.items() if n > 0}
    placed: dict[tuple[str, int], list[int]] = {where: [] for where in wanted}
    if not wanted:
        return placed
    await one_at_a_time(connection)
    found = await connection.execute(
        _OPEN,
        {"full": BUCKET_SIZE, "channels": [where[0] for where in wanted], "ranks": [where[1] for where in wanted]},
    )
    taken: dict[int, int] = {}
    for row in found:
        where = (row.channel, row.rank)
        n = min(BUCKET_SIZE - row.size, wanted[where] - len(placed[where]))
        if n > 0:
            taken[row.id] = n
            placed[where] += [row.id] * n
    if taken:
        await connection.execute(_FILL, {"ids": list(taken), "counts": list(taken.values())})
    for (channel, rank), n in wanted.items():
        buckets = placed[channel, rank]
        while len(buckets) < n:
            size = min(BUCKET_SIZE, n - len(buckets))
            made = await connection.execute(_MAKE, {"channel": channel, "rank": rank, "size": size})
            buckets += [made.scalar_one()] * size
    return placed
