"""Takes out of the records what a provider said of somebody who has gone: it may name their address."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


async def forget_notes(connection: AsyncConnection, endpoint: int, bucket: int, channel: str, key: str) -> None:
    """Empty the notes of an endpoint's ledger rows and receipts, and delete notices to its address.

    A slow address may have left old rows in the bucket where it is at home.
    """
    values = {"endpoint": endpoint, "bucket": bucket, "channel": channel, "key": key}
    await connection.execute(
        text("""
            UPDATE delivery SET note = NULL
            WHERE update_id IN (SELECT id FROM incident_update) AND endpoint_id = :endpoint AND note IS NOT NULL
              AND bucket_id IN (SELECT unnest(ARRAY[id, home]) FROM bucket WHERE id = :bucket)
        """),
        values,
    )
    await connection.execute(text("UPDATE receipt SET note = '' WHERE endpoint_id = :endpoint"), values)
    await connection.execute(text("DELETE FROM notice WHERE channel = :channel AND address_key = :key"), values)
