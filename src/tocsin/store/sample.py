"""Writes sample subscribers, thousands in one statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_INSERT = text("""
    WITH new AS (
      SELECT * FROM unnest(
        CAST(:subscribers AS text[]), CAST(:endpoints AS text[]), CAST(:names AS text[]), CAST(:locales AS text[]),
        CAST(:time_zones AS text[]), CAST(:audiences AS int[]), CAST(:buckets AS int[]), CAST(:addresses AS text[]),
        CAST(CAST(:states AS text[]) AS endpoint_state[]), CAST(:leasts AS smallint[]),
        CAST(:all_components AS boolean[])
      ) AS new (subscriber, endpoint, name, locale, time_zone, audiences, bucket_id, address, state, least,
                all_components)
    ), who AS (
      INSERT INTO subscriber (public_id, name, locale, time_zone, audiences)
      SELECT subscriber, name, locale, time_zone, audiences FROM new RETURNING id, public_id
    ), endpoint AS (
      INSERT INTO endpoint (public_id, subscriber_id, bucket_id, channel, address, address_key, state, audiences,
                            least, all_components)
      SELECT new.endpoint, who.id, new.bucket_id, 'email', new.address, new.address, new.state, new.audiences,
             new.least, new.all_components
      FROM new JOIN who ON who.public_id = new.subscriber RETURNING id
    )
    INSERT INTO pace (endpoint_id) SELECT id FROM endpoint
""")
_CHOOSE = text("""
    INSERT INTO endpoint_component (endpoint_id, component_id)
    SELECT e.id, c.component_id
    FROM unnest(CAST(:addresses AS text[]), CAST(:components AS int[])) AS c (address, component_id)
    JOIN endpoint e ON e.channel = 'email' AND e.address_key = c.address
""")


async def those_there(connection: AsyncConnection, addresses: Sequence[str]) -> set[str]:
    """Return those of these e-mail addresses that are somebody's endpoint."""
    rows = await connection.execute(
        text("SELECT address_key FROM endpoint WHERE channel = 'email' AND address_key = ANY(:addresses)"),
        {"addresses": list(addresses)},
    )
    return set(rows.scalars())


async def insert(
    connection: AsyncConnection, columns: Mapping[str, Sequence[Any]], *, chosen: Sequence[tuple[str, int]]
) -> None:
    """Write subscribers by column, and the components that addresses have `chosen`."""
    await connection.execute(_INSERT, columns)
    await connection.execute(
        _CHOOSE, {"addresses": [address for address, _ in chosen], "components": [component for _, component in chosen]}
    )
