"""Audiences as stored, and the status page's own endpoint, which is addressed like everyone else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.audience import Audience
from tocsin.domain.channel import ChannelName
from tocsin.domain.ids import new_public_id
from tocsin.store.placing import place

_LOCK: Final = 0x70C53
PAGE_ADDRESS: Final = "page"


async def one_at_a_time(connection: AsyncConnection) -> None:
    await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


async def read(connection: AsyncConnection) -> list[Audience]:
    """Return all audiences, from the inside out."""
    rows = await connection.execute(text("SELECT id, name, rank FROM audience ORDER BY rank"))
    return [Audience(row.id, row.name, row.rank) for row in rows]


async def write(connection: AsyncConnection, audiences: Sequence[Audience]) -> None:
    """Insert what is new and move the ranks of what is there."""
    await connection.execute(
        text("""
            INSERT INTO audience (id, name, rank)
            SELECT * FROM unnest(CAST(:ids AS smallint[]), CAST(:names AS text[]), CAST(:ranks AS smallint[]))
            ON CONFLICT (id) DO UPDATE SET rank = excluded.rank WHERE audience.rank <> excluded.rank
        """),
        {
            "ids": [audience.id for audience in audiences],
            "names": [audience.name for audience in audiences],
            "ranks": [audience.rank for audience in audiences],
        },
    )


async def in_use(connection: AsyncConnection, bit: int) -> bool:
    """Tell whether any subscriber belongs to, or any update addressed, the audience with this bit."""
    found = await connection.execute(
        text("""
            SELECT EXISTS (SELECT FROM subscriber WHERE audiences & :bit <> 0)
                OR EXISTS (SELECT FROM incident_update WHERE audiences & :bit <> 0)
        """),
        {"bit": bit},
    )
    return bool(found.scalar_one())


async def remove(connection: AsyncConnection, audience_id: int) -> None:
    await connection.execute(text("DELETE FROM audience WHERE id = :id"), {"id": audience_id})


async def keep_page_endpoint(connection: AsyncConnection, widest: Audience) -> None:
    """See to it that the status page has its one endpoint, in the widest audience."""
    found = await connection.execute(
        text("SELECT subscriber_id, audiences FROM endpoint WHERE channel = :channel AND address_key = :address"),
        {"channel": ChannelName.STATUS_PAGE, "address": PAGE_ADDRESS},
    )
    row = found.one_or_none()
    if row is None:
        await _make_page_endpoint(connection, widest)
    elif row.audiences != widest.bit:
        for statement in ("UPDATE subscriber SET audiences = :bit WHERE id = :id",
                          "UPDATE endpoint SET audiences = :bit WHERE subscriber_id = :id"):  # fmt: skip
            await connection.execute(text(statement), {"bit": widest.bit, "id": row.subscriber_id})


async def _make_page_endpoint(connection: AsyncConnection, widest: Audience) -> None:
    [bucket] = await place(connection, ChannelName.STATUS_PAGE, widest.rank, 1)
    await connection.execute(
        text("""
            WITH who AS (
              INSERT INTO subscriber (public_id, name, audiences) VALUES (:subscriber, 'Status page', :bit) RETURNING id
            ), endpoint AS (
              INSERT INTO endpoint
                (public_id, subscriber_id, bucket_id, channel, address, address_key, state, audiences)
              SELECT :endpoint, who.id, :bucket, :channel, :address, :address, 'active', :bit FROM who RETURNING id
            )
            INSERT INTO pace (endpoint_id) SELECT id FROM endpoint
        """),
        {
            "subscriber": new_public_id(),
            "endpoint": new_public_id(),
            "bit": widest.bit,
            "bucket": bucket,
            "channel": ChannelName.STATUS_PAGE,
            "address": PAGE_ADDRESS,
        },
    )
