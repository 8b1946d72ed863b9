"""Gates that a provider closed for a while, read with each lease, so that no worker asks before they open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from tocsin.domain.channel import ChannelName
from tocsin.store.engine import Connection


class Closing(NamedTuple):
    """Closed until a time, in seconds since the epoch, by what a provider said."""

    until: float
    note: str


async def read(connection: Connection, channel: ChannelName) -> tuple[float, dict[str, float]]:
    """Return the database's time, and the gates that are closed on `channel` with the time until which they are."""
    rows = await connection.fetch(
        """
        SELECT tocsin_epoch() AS now, key, until
        FROM (SELECT) one LEFT JOIN closed_gate ON channel = $1 AND until > tocsin_epoch()
        """,
        channel,
    )
    return rows[0]["now"], {row["key"]: row["until"] for row in rows if row["key"] is not None}


async def close(connection: Connection, channel: ChannelName, closings: Mapping[str, Closing]) -> None:
    """Close gates by their keys; one that is closed for longer stays so."""
    if not closings:
        return
    keys = sorted(closings)  # two workers that close the same gates wait for each other and never in a circle
    await connection.execute(
        """
        INSERT INTO closed_gate (channel, key, until, note)
        SELECT $1, x.* FROM unnest($2::text[], $3::float8[], $4::text[]) x
        ON CONFLICT (channel, key) DO UPDATE SET until = excluded.until, note = excluded.note
        WHERE excluded.until > closed_gate.until
        """,
        channel,
        keys,
        [closings[key].until for key in keys],
        [closings[key].note for key in keys],
    )
