"""Gates that a provider closed for a while; `claim.lease` reads them, so that no worker asks before they open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from tocsin.domain.channel import ChannelName
from tocsin.store.engine import Connection


class Closing(NamedTuple):
    """Closed until a time, in seconds since the epoch, by what a provider said."""

    until: float
    note: str


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
