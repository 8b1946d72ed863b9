"""What a worker that fell silent leaves behind: attempts to close, rows that are unknown, and those that are not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tocsin.domain.rows import Row
from tocsin.store.claim import ROW
from tocsin.store.engine import Connection


class Sent(NamedTuple):
    """A row that was told in a message."""

    bucket: int
    endpoint: int
    update: int
    message: int


class Silent(NamedTuple):
    """An attempt that nobody will finish; the last four have an entry for each row, those of a message together."""

    token: int
    provider: str
    worker: str
    started_at: float
    buckets: list[int]
    row_buckets: list[int]
    endpoints: list[int]
    updates: list[int]
    messages: list[int]

    def sent(self, at: int) -> Sent:
        """Return the row at a place in it."""
        return Sent(self.row_buckets[at], self.endpoints[at], self.updates[at], self.messages[at])


async def close(connection: Connection, attempts: Sequence[int], now: float) -> list[Silent]:
    """Close attempts whose worker fell silent; whoever closes one sees to its rows, and nobody else does."""
    rows = await connection.fetch(
        """
        UPDATE attempt SET finished_at = $2, lost = true WHERE id = ANY($1::bigint[]) AND finished_at IS NULL
        RETURNING id, provider, worker, started_at, buckets, row_buckets, endpoints, updates, messages
        """,
        attempts,
        now,
    )
    return [Silent(*row) for row in rows]


async def label_unknown(connection: Connection, rows: Sequence[Sent], provider: str | None, due_at: float) -> int:
    """Label rows that may have gone out: they are unknown now, looked at anew at a time, and count as told.

    `provider` was asked to carry them, None where that goes by their addresses.
    """
    labelled: int = await connection.fetchval(
        """
        WITH x AS (
          SELECT * FROM unnest($1::int[], $2::int[], $3::int[], $4::int[]) x (b, e, u, m)
        ), d AS (
          UPDATE delivery d SET state = 'unknown', unknowns = unknowns + 1, tries = tries + 1, message = x.m,
            due_at = $5, reason = 'outcome_unknown', provider = coalesce($6, provider)
          FROM x WHERE d.update_id = x.u AND d.bucket_id = x.b AND d.endpoint_id = x.e
            AND d.state IN ('pending', 'held', 'unknown') RETURNING 1
        ), p AS (
          UPDATE pace p SET told = p.told || g.us
          FROM (SELECT e, array_agg(u) AS us FROM x GROUP BY e) g
          WHERE p.endpoint_id = g.e AND NOT p.told @> g.us
        )
        SELECT count(*)::int FROM d
        """,
        [row.bucket for row in rows],
        [row.endpoint for row in rows],
        [row.update for row in rows],
        [row.message for row in rows],
        due_at,
        provider,
    )
    return labelled


async def rows_of(connection: Connection, silent: Silent, rows: Sequence[int]) -> list[Row]:
    """Return ledger rows by their place in the attempt, in that order; what has been accepted since is left out."""
    found = await connection.fetch(
        f"""
        SELECT {ROW}
          JOIN unnest($1::int[], $2::int[], $3::int[]) WITH ORDINALITY x (b, e, u, n)
            ON d.update_id = x.u AND d.bucket_id = x.b AND d.endpoint_id = x.e
        WHERE d.state NOT IN ('accepted', 'delivered', 'bounced') ORDER BY x.n
        """,
        [silent.row_buckets[at] for at in rows],
        [silent.endpoints[at] for at in rows],
        [silent.updates[at] for at in rows],
    )
    return list(map(Row._make, found))


async def still_held(connection: Connection, silent: Silent) -> set[int]:
    """Return the buckets that nobody has given back or leased anew since: what is said of the others comes too late."""
    rows = await connection.fetch(
        "SELECT id FROM bucket WHERE id = ANY($1::int[]) AND attempt_id = $2", silent.buckets, silent.token
    )
    return {row["id"] for row in rows}


async def open_workers(connection: Connection) -> set[str]:
    """Return the workers that attempts are on record for which have not ended."""
    rows = await connection.fetch("SELECT DISTINCT worker FROM attempt WHERE finished_at IS NULL")
    return {row["worker"] for row in rows}


async def release(connection: Connection, workers: Sequence[str]) -> int:
    """End the leases of workers that are known to be dead; return how many, which are due at once."""
    released: int = await connection.fetchval(
        """
        WITH b AS (
          UPDATE bucket SET lease_until = least(lease_until, tocsin_epoch()), due_at = least(due_at, tocsin_epoch())
          WHERE id IN (
            SELECT b.id FROM bucket b JOIN attempt a ON a.id = b.attempt_id
            WHERE a.finished_at IS NULL AND a.worker = ANY($1::text[]) ORDER BY b.id FOR UPDATE OF b SKIP LOCKED)
          RETURNING 1)
        SELECT count(*)::int FROM b
        """,
        workers,
    )
    return released


async def identity(connection: Connection) -> str:
    """Return a name that no other database has, this one's copies and those restored from it elsewhere included."""
    name: str = await connection.fetchval(
        """
        SELECT format('%s/%s', (pg_control_system()).system_identifier, oid) FROM pg_database
        WHERE datname = current_database()
        """
    )
    return name
