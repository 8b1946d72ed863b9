"""Which components, groups and fallback endpoints were chosen: what stands beside an endpoint's own row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_CHOOSE = """
    INSERT INTO endpoint_{kind} (endpoint_id, {kind}_id)
    SELECT e.id, x.chosen FROM unnest(CAST(:endpoints AS text[]), CAST(:chosen AS int[])) AS x (public_id, chosen)
      JOIN endpoint e ON e.public_id = x.public_id
"""
_FALL_BACK = text("""
    UPDATE endpoint e SET fallback_id = f.id
    FROM unnest(CAST(:channels AS text[]), CAST(:keys AS text[]),
        CAST(:to_channels AS text[]), CAST(:to_keys AS text[]))
      AS x (channel, key, to_channel, to_key)
      LEFT JOIN endpoint f ON f.channel = x.to_channel AND f.address_key = x.to_key
    WHERE e.channel = x.channel AND e.address_key = x.key AND e.fallback_id IS DISTINCT FROM f.id
""")


class Known(NamedTuple):
    """The ids of the slugs that somebody chose, those that there are."""

    components: Mapping[str, int]
    groups: Mapping[str, int]


async def known(connection: AsyncConnection, components: set[str], groups: set[str]) -> Known:
    """Look up what was chosen by its slugs."""
    found: list[dict[str, int]] = []
    for table, slugs in (("component", components), ("component_group", groups)):
        if not slugs:
            found.append({})
            continue
        rows = await connection.execute(
            text(f"SELECT slug, id FROM {table} WHERE slug = ANY(:slugs)"), {"slugs": sorted(slugs)}
        )
        found.append({row.slug: row.id for row in rows})
    return Known(*found)


async def choose(connection: AsyncConnection, kind: str, chosen: Sequence[tuple[str, int]]) -> None:
    """Write which components or groups (`kind`) endpoints, named by their public ids, chose."""
    if chosen:
        await connection.execute(
            text(_CHOOSE.format(kind=kind)),
            {"endpoints": [endpoint for endpoint, _ in chosen], "chosen": [number for _, number in chosen]},
        )


async def forget(connection: AsyncConnection, endpoint: int) -> None:
    """Forget what an endpoint chose; the caller writes it anew."""
    for kind in ("component", "group"):
        await connection.execute(text(f"DELETE FROM endpoint_{kind} WHERE endpoint_id = :id"), {"id": endpoint})


async def fall_back(connection: AsyncConnection, fallbacks: Mapping[tuple[str, str], tuple[str, str] | None]) -> None:
    """Write which endpoint stands in for which; each is named by its channel and its address as it is compared."""
    if not fallbacks:
        return
    to = [place or (None, None) for place in fallbacks.values()]
    await connection.execute(
        _FALL_BACK,
        {
            "channels": [channel for channel, _ in fallbacks],
            "keys": [key for _, key in fallbacks],
            "to_channels": [channel for channel, _ in to],
            "to_keys": [key for _, key in to],
        },
    )
