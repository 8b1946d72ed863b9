"""Counts how often strangers had us write to addresses, in the database: a flushed broker gives nobody a new day."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.asking import DAY, HOUR, Counts

_LOCK: Final = 0x70C55

_COUNT = text("""
    WITH t AS (SELECT tocsin_now() AS now, CAST(:hour AS interval) AS hour, CAST(:day AS interval) AS day)
    SELECT
      (SELECT count(*) FROM asked a, t WHERE a.seal = :seal AND a.at > t.now - t.day) AS address_day,
      (SELECT count(*) FROM asked a, t WHERE a.network = :network AND a.at > t.now - t.hour) AS network_hour,
      (SELECT count(*) FROM asked a, t WHERE a.network = :network AND a.at > t.now - t.day) AS network_day,
      (SELECT count(*) FROM asked a, t WHERE a.prefix = :prefix AND a.at > t.now - t.day) AS prefix_day,
      (SELECT count(*) FROM asked a, t WHERE a.channel = :channel AND a.at > t.now - t.day) AS channel_day
""")
_INSERT = text("""
    INSERT INTO asked (channel, seal, network, prefix) VALUES (:channel, :seal, :network, :prefix)
""")


async def one_at_a_time(connection: AsyncConnection) -> None:
    """Let nobody else count until this transaction ends: bounds hold however many ask in the same moment."""
    await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


async def count(connection: AsyncConnection, *, channel: str, seal: bytes, network: str, prefix: str | None) -> Counts:
    found = await connection.execute(
        _COUNT,
        {
            "channel": channel,
            "seal": seal,
            "network": network,
            "prefix": prefix,
            "hour": timedelta(seconds=HOUR),
            "day": timedelta(seconds=DAY),
        },
    )
    return Counts(*found.one())


async def add(connection: AsyncConnection, *, channel: str, seal: bytes, network: str, prefix: str | None) -> None:
    await connection.execute(_INSERT, {"channel": channel, "seal": seal, "network": network, "prefix": prefix})
