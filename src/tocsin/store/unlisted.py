"""Codes that no table of ours has, counted as they come, so that operators see them before they matter."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.channel import ChannelName
from tocsin.store.engine import Connection

_MOST = 100  # codes of one provider: whoever makes them up fills no disk


class Strange(NamedTuple):
    """A code and how often it came; `note` is what the provider said with it."""

    provider: str
    code: str
    note: str
    n: int


class Seen(NamedTuple):
    """A code as operators are shown it."""

    channel: str
    provider: str
    code: str
    note: str
    n: int
    first_at: datetime
    last_at: datetime


async def add(connection: Connection, channel: ChannelName, found: Sequence[Strange]) -> None:
    """Count codes of a channel's providers."""
    ordered = sorted(found)[:_MOST]  # two workers that count the same ones wait for each other and never in a circle
    await connection.execute(
        f"""
        INSERT INTO unlisted_code AS known (channel, provider, code, note, n)
        SELECT $1, x.provider, x.code, x.note, x.n
        FROM unnest($2::text[], $3::text[], $4::text[], $5::bigint[]) x (provider, code, note, n)
        WHERE EXISTS (SELECT FROM unlisted_code u WHERE (u.channel, u.provider, u.code) = ($1, x.provider, x.code))
          OR (SELECT count(*) FROM unlisted_code u WHERE (u.channel, u.provider) = ($1, x.provider)) < {_MOST}
        ON CONFLICT (channel, provider, code) DO UPDATE
          SET n = known.n + excluded.n, note = excluded.note, last_at = tocsin_now()
        """,
        channel,
        [one.provider for one in ordered],
        [one.code for one in ordered],
        [one.note for one in ordered],
        [one.n for one in ordered],
    )


async def seen(connection: AsyncConnection) -> list[Seen]:
    """Return what came within the last week, the newest first."""
    rows = await connection.execute(
        text("""
            SELECT channel, provider, code, note, n, first_at, last_at FROM unlisted_code
            WHERE last_at > tocsin_now() - interval '7 days' ORDER BY last_at DESC, channel, provider, code
        """)
    )
    return [Seen(*row) for row in rows]
