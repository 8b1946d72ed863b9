"""Makes rows that failed due again, unless something newer took their place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.channel import ChannelName
from tocsin.store import moving


class Candidate(NamedTuple):
    """A failed row: `superseded`, a newer version is meant for its endpoint; `home` is where that is, if any."""

    update_id: int
    bucket_id: int
    endpoint_id: int
    home: int
    channel: ChannelName
    endpoint_state: str | None
    superseded: bool


_CANDIDATES = """
    SELECT d.update_id, d.bucket_id, d.endpoint_id, coalesce(e.bucket_id, d.bucket_id) AS home, b.channel,
      e.state::text AS endpoint_state,
      EXISTS (SELECT FROM incident_update n WHERE n.incident_id = u.incident_id AND n.version > u.version AND n.notify
        AND n.audiences & coalesce(e.audiences, 0) <> 0) AS superseded
    FROM delivery d JOIN incident_update u ON u.id = d.update_id JOIN bucket b ON b.id = d.bucket_id
      LEFT JOIN endpoint e ON e.id = d.endpoint_id
"""


async def of_incident(connection: AsyncConnection, incident_id: int, states: Sequence[str]) -> list[Candidate]:
    """Return the rows of an incident that are in one of `states`."""
    return await _read(
        connection,
        "d.update_id IN (SELECT id FROM incident_update WHERE incident_id = :incident) "
        "AND d.state = ANY(CAST(:states AS delivery_state[]))",
        {"incident": incident_id, "states": list(states)},
    )


async def of_row(connection: AsyncConnection, update_id: int, endpoint_id: int) -> list[Candidate]:
    """Return one row, wherever it is now, where it failed, bounced or expired."""
    return await _read(
        connection,
        "(d.update_id, d.endpoint_id) = (:update, :endpoint) AND d.state IN ('failed', 'bounced', 'expired')",
        {"update": update_id, "endpoint": endpoint_id},
    )


async def retry(connection: AsyncConnection, rows: Sequence[Candidate]) -> int:
    """Make `rows` due now, whose buckets are locked; return how many were still failed, bounced or expired.

    One that was left behind when its endpoint was moved goes where that is: receipts look for it there.
    Each begins a new life: what was in doubt in the old one does not keep a worker that dies from sending once more,
    and stays its label.
    A message that bounced was not heard: what its endpoint was told goes back to the version before.
    """
    by_bucket: dict[int, list[Candidate]] = {}
    for row in rows:
        by_bucket.setdefault(row.home, []).append(row)
    await _bring(connection, [row for row in rows if row.bucket_id != row.home])
    n = 0
    for bucket, its in sorted(by_bucket.items()):
        done = await connection.execute(
            text("""
                WITH d AS (
                  UPDATE delivery d SET state = 'pending', reason = NULL, note = NULL, code = NULL, done_at = NULL,
                    receipt_at = NULL, tries = 0, cleared = unknowns, since = tocsin_epoch(),
                    due_at = tocsin_epoch()
                  FROM unnest(CAST(:updates AS int[]), CAST(:endpoints AS int[])) AS x (u, e)
                  WHERE d.update_id = x.u AND d.bucket_id = :bucket AND d.endpoint_id = x.e
                    AND d.state IN ('failed', 'bounced', 'expired')
                  RETURNING d.update_id, d.endpoint_id
                ), p AS (
                  UPDATE pace p SET told = array_remove(p.told, d.update_id) || ARRAY(
                    SELECT h.update_id FROM delivery h JOIN incident_update v ON v.id = h.update_id
                    WHERE h.update_id = ANY(ARRAY(
                        SELECT o.id FROM incident_update o JOIN incident_update u ON u.incident_id = o.incident_id
                        WHERE u.id = d.update_id AND o.version < u.version))
                      AND h.bucket_id = :bucket AND h.endpoint_id = d.endpoint_id
                      AND h.state IN ('accepted', 'delivered')
                    ORDER BY v.version DESC LIMIT 1)
                  FROM d WHERE p.endpoint_id = d.endpoint_id AND d.update_id = ANY(p.told)
                )
                SELECT update_id FROM d
            """),
            {
                "bucket": bucket,
                "updates": [row.update_id for row in its],
                "endpoints": [row.endpoint_id for row in its],
            },
        )
        updates = [row.update_id for row in done]
        n += len(updates)
        await moving.wake(connection, bucket, updates)
    return n


async def _bring(connection: AsyncConnection, rows: Sequence[Candidate]) -> None:
    if rows:
        await connection.execute(
            text("UPDATE delivery SET bucket_id = :home WHERE (update_id, bucket_id, endpoint_id) = (:u, :b, :e)"),
            [{"u": row.update_id, "b": row.bucket_id, "e": row.endpoint_id, "home": row.home} for row in rows],
        )


async def _read(connection: AsyncConnection, where: str, values: dict[str, Any]) -> list[Candidate]:
    rows = await connection.execute(text(f"{_CANDIDATES} WHERE {where}"), values)
    return [
        Candidate(
            row.update_id,
            row.bucket_id,
            row.endpoint_id,
            row.home,
            ChannelName(row.channel),
            row.endpoint_state,
            row.superseded,
        )
        for row in rows
    ]
