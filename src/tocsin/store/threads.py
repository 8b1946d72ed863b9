"""Where incidents go on at endpoints that tell each in a thread of its own, and which signing secrets are in use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tocsin.store.engine import Connection

Thread = tuple[int, int]  # (endpoint, incident)


async def read(connection: Connection, wanted: Sequence[Thread]) -> dict[Thread, str]:
    """Return what the channel left for each endpoint and incident, where it left anything."""
    rows = await connection.fetch(
        """
        SELECT endpoint_id, incident_id, state FROM thread
        JOIN unnest($1::int[], $2::int[]) x (e, i) ON e = endpoint_id AND i = incident_id
        """,
        [endpoint for endpoint, _ in wanted],
        [incident for _, incident in wanted],
    )
    return {(row["endpoint_id"], row["incident_id"]): row["state"] for row in rows}


async def write(connection: Connection, states: Mapping[Thread, str]) -> None:
    """Keep what the channel left, for the next message about the same incident to the same endpoint."""
    if not states:
        return
    await connection.execute(
        """
        INSERT INTO thread (endpoint_id, incident_id, state)
        SELECT * FROM unnest($1::int[], $2::int[], $3::text[])
        ON CONFLICT (endpoint_id, incident_id) DO UPDATE SET state = excluded.state, updated_at = tocsin_now()
        """,
        [endpoint for endpoint, _ in states],
        [incident for _, incident in states],
        list(states.values()),
    )


async def secret_versions(connection: Connection, endpoints: Sequence[int]) -> dict[int, tuple[int, ...]]:
    """Return the versions of the secrets that each endpoint's messages are signed with, the newest first.

    After a rotation the one before is used as well, for a day.
    """
    rows = await connection.fetch(
        """
        SELECT id, secret_version, secret_rotated_at > tocsin_now() - interval '1 day' AS lately
        FROM endpoint WHERE id = ANY($1::int[])
        """,
        endpoints,
    )
    return {row["id"]: _versions(row["secret_version"], lately=bool(row["lately"])) for row in rows}


def _versions(newest: int, *, lately: bool) -> tuple[int, ...]:
    return (newest, newest - 1) if lately and newest > 1 else (newest,)
