"""Reads updates as rules see them, and whether all their rows are written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tocsin.domain.incident import Phase, Severity, Standing, Status
from tocsin.domain.rows import Version
from tocsin.store.engine import Connection


async def versions_after(connection: Connection, seen: Mapping[int, int], updates: Iterable[int]) -> list[Version]:
    """Return the versions that a worker does not know yet: newer ones of incidents it has seen, all of others'.

    `seen` maps an incident to the newest update id known of it; `updates` are ids of which nothing is known.
    """
    rows = await connection.fetch(
        """
        SELECT id, public_id, incident_id, version, status, severity, phase, audiences, is_public, notify,
          extract(epoch FROM created_at)::float8 AS said_at
        FROM incident_update u
        WHERE incident_id IN (SELECT incident_id FROM incident_update WHERE id = ANY($3::int[]))
          OR EXISTS (SELECT 1 FROM unnest($1::int[], $2::int[]) k (incident, newest)
                     WHERE k.incident = u.incident_id AND u.id > k.newest)
        ORDER BY incident_id, version
        """,
        list(seen.keys()),
        list(seen.values()),
        list(updates),
    )
    return [
        Version(
            id=row["id"],
            public_id=row["public_id"],
            incident_id=row["incident_id"],
            number=row["version"],
            standing=Standing(Status(row["status"]), Severity(row["severity"])),
            phase=Phase(row["phase"]),
            audiences=row["audiences"],
            is_public=row["is_public"],
            notify=row["notify"],
            said_at=row["said_at"],
        )
        for row in rows
    ]


async def fanned_out(connection: Connection, updates: Sequence[int]) -> frozenset[int]:
    """Return those of `updates` whose rows are all written."""
    rows = await connection.fetch(
        "SELECT update_id FROM outbox WHERE update_id = ANY($1::int[]) AND done_at IS NOT NULL", updates
    )
    return frozenset(row["update_id"] for row in rows)
