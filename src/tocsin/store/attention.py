"""What endpoints chose for single incidents: those they follow, and those they snoozed, until when."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.subscriber import Attention
from tocsin.store import moving

_SNOOZE = text("""
    UPDATE endpoint SET snoozed = coalesce(snoozed, '{}') || jsonb_build_object(CAST(:incident AS text),
      CAST(:until AS float8)), updated_at = tocsin_now()
    WHERE id = ANY(:endpoints)
""")
_UNSNOOZE = text("""
    UPDATE endpoint SET snoozed = nullif(snoozed - CAST(:incident AS text), '{}'), updated_at = tocsin_now()
    WHERE id = ANY(:endpoints) AND snoozed ? CAST(:incident AS text)
""")
_FOLLOW = text("""
    UPDATE endpoint SET follows = array_append(array_remove(follows, CAST(:incident AS int)), CAST(:incident AS int)),
      only_follows = :only, updated_at = tocsin_now()
    WHERE id = ANY(:endpoints)
""")
_UNFOLLOW = text("""
    UPDATE endpoint SET follows = array_remove(follows, CAST(:incident AS int)), updated_at = tocsin_now(),
      only_follows = only_follows AND cardinality(array_remove(follows, CAST(:incident AS int))) > 0
    WHERE id = ANY(:endpoints) AND CAST(:incident AS int) = ANY(follows)
""")
_HEAR_ALL = text("""
    UPDATE endpoint SET only_follows = false, updated_at = tocsin_now() WHERE id = ANY(:endpoints) AND only_follows
""")
_FOLLOWED_ALONE = text("""
    SELECT DISTINCT i.public_id FROM endpoint e JOIN incident i ON i.id = ANY(e.follows)
    WHERE e.id = ANY(:endpoints) AND e.only_follows AND i.resolved_at IS NULL
""")
_KNOWN = text("SELECT public_id, id FROM incident WHERE public_id = ANY(:incidents)")
_RESTORE = text("""
    UPDATE endpoint e SET only_follows = x.only_follows, snoozed = nullif(CAST(x.snoozed AS jsonb), '{}'),
      follows = ARRAY(SELECT CAST(f AS int) FROM jsonb_array_elements_text(CAST(x.follows AS jsonb)) f ORDER BY 1)
    FROM unnest(CAST(:endpoints AS text[]), CAST(:follows AS text[]), CAST(:only_follows AS bool[]),
      CAST(:snoozed AS text[])) AS x (public_id, follows, only_follows, snoozed)
    WHERE e.public_id = x.public_id
""")
# What was kept back is news again where nothing newer took its place.
_TAKE_UP = text("""
    UPDATE delivery d SET state = 'pending', reason = NULL, due_at = tocsin_epoch(), done_at = NULL
    FROM incident_update u, incident i
    WHERE i.id = :incident AND u.incident_id = i.id AND u.version = i.version
      AND d.update_id = u.id AND d.bucket_id = :bucket AND d.endpoint_id = ANY(:endpoints) AND d.reason = 'snoozed'
      AND d.state IN ('held', 'skipped')
    RETURNING d.update_id
""")


async def snooze(connection: AsyncConnection, endpoints: Sequence[int], incident: int, until: float | None) -> None:
    """Keep an incident from endpoints until a time, None: until it is over."""
    await connection.execute(_SNOOZE, {"incident": str(incident), "until": until, "endpoints": list(endpoints)})


async def unsnooze(connection: AsyncConnection, endpoints: Sequence[int], incident: int) -> None:
    """Let endpoints hear of an incident again, and of how it stands now where they were kept from that."""
    numbers = list(endpoints)
    buckets = set((await moving.lock_places(connection, numbers)).values())
    await connection.execute(_UNSNOOZE, {"incident": str(incident), "endpoints": numbers})
    for bucket in sorted(buckets):
        rows = await connection.execute(_TAKE_UP, {"incident": incident, "bucket": bucket, "endpoints": numbers})
        await moving.wake(connection, bucket, [row.update_id for row in rows])


async def follow(connection: AsyncConnection, endpoints: Sequence[int], incident: int, *, only: bool) -> None:
    """Let endpoints hear of an incident whatever else they chose; `only`: and of nothing else for now."""
    await connection.execute(_FOLLOW, {"incident": incident, "endpoints": list(endpoints), "only": only})


async def unfollow(connection: AsyncConnection, endpoints: Sequence[int], incident: int) -> None:
    await connection.execute(_UNFOLLOW, {"incident": incident, "endpoints": list(endpoints)})


async def hear_all(connection: AsyncConnection, endpoints: Sequence[int]) -> None:
    await connection.execute(_HEAR_ALL, {"endpoints": list(endpoints)})


async def followed_alone(connection: AsyncConnection, endpoints: Sequence[int]) -> set[str]:
    """Return the ids of the open incidents for whose sake `endpoints` hear of nothing else."""
    return set((await connection.execute(_FOLLOWED_ALONE, {"endpoints": list(endpoints)})).scalars())


async def known(connection: AsyncConnection, incidents: set[str]) -> dict[str, int]:
    """Return the numbers of the incidents that there are, by their ids."""
    if not incidents:
        return {}
    rows = await connection.execute(_KNOWN, {"incidents": sorted(incidents)})
    return {row.public_id: row.id for row in rows}


async def restore(connection: AsyncConnection, chosen: Mapping[str, Attention], numbers: Mapping[str, int]) -> None:
    """Write what endpoints, named by their ids, chose for single incidents; those without a number are left out."""
    if not chosen:
        return
    await connection.execute(
        _RESTORE,
        {
            "endpoints": list(chosen),
            "follows": [json.dumps([numbers[i] for i in one.follows if i in numbers]) for one in chosen.values()],
            "only_follows": [one.only_follows for one in chosen.values()],
            "snoozed": [
                json.dumps({numbers[i]: until for i, until in one.snoozed.items() if i in numbers})
                for one in chosen.values()
            ],
        },
    )
