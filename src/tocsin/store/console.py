"""What the console shows of the ledger: counts for the board, rows for the lists, one delivery with its evidence."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

# Rows that an attempt has in hand at this moment: told by the attempt, not stored in the row.
_IN_HAND = """
    hand AS MATERIALIZED (
      SELECT DISTINCT z.b, z.e FROM attempt a, unnest(a.row_buckets, a.endpoints, a.updates) z (b, e, u)
      WHERE a.finished_at IS NULL AND z.u = :update
    )
"""
_STATE = """
    CASE WHEN d.state IN ('pending', 'held', 'unknown') AND hand.e IS NOT NULL THEN 'sending' ELSE d.state::text END
"""


class Tally(NamedTuple):
    channel: str
    audience: str
    state: str
    number: int


class Row(NamedTuple):
    """One line of a list of deliveries."""

    bucket: int
    endpoint: int
    endpoint_id: str
    subscriber: str
    address: str
    channel: str
    audience: str
    state: str
    reason: str | None
    note: str | None
    tries: int
    due_at: float | None
    done_at: float | None


class Whole(NamedTuple):
    """One delivery, with the numbers that lead to its attempts and receipts."""

    update: int
    bucket: int
    endpoint: int
    message: int | None
    subscriber: str
    address: str
    endpoint_state: str
    channel: str
    audience: str
    state: str
    reason: str | None
    note: str | None
    code: int | None
    tries: int
    since: float
    due_at: float | None
    done_at: float | None
    receipt_at: float | None
    provider: str | None
    provider_id: str | None


class Try(NamedTuple):
    id: int
    provider: str
    worker: str
    started_at: float
    finished_at: float | None
    lost: bool
    outcome: str | None
    note: str | None


class Report(NamedTuple):
    provider: str
    kind: str
    code: str
    note: str
    received_at: datetime


class Listed(NamedTuple):
    """What a list of deliveries is narrowed to; None: not by this."""

    state: str | None
    channel: str | None
    audience: str | None


async def now(connection: AsyncConnection) -> datetime:
    found = await connection.execute(text("SELECT tocsin_now()"))
    at: datetime = found.scalar_one()
    return at


async def update_number(connection: AsyncConnection, incident: int, version: int) -> int | None:
    """Return the number of one version's update, by which the ledger knows it."""
    found = await connection.execute(
        text("SELECT id FROM incident_update WHERE incident_id = :incident AND version = :version"),
        {"incident": incident, "version": version},
    )
    number: int | None = found.scalar_one_or_none()
    return number


async def tally(connection: AsyncConnection, update: int) -> list[Tally]:
    """Count the deliveries of an update by channel, audience (from the inside out) and state."""
    rows = await connection.execute(
        text(f"""
            WITH {_IN_HAND}, counted AS (
              SELECT d.bucket_id, d.audience, {_STATE} AS state, count(*) AS n
              FROM delivery d LEFT JOIN hand ON hand.b = d.bucket_id AND hand.e = d.endpoint_id
              WHERE d.update_id = :update GROUP BY 1, 2, 3
            )
            SELECT b.channel, a.name, c.state, sum(c.n)::int
            FROM counted c JOIN bucket b ON b.id = c.bucket_id JOIN audience a ON a.id = c.audience
            GROUP BY a.rank, a.name, b.channel, c.state ORDER BY a.rank, b.channel, c.state
        """),
        {"update": update},
    )
    return [Tally(*row) for row in rows]


async def rows(
    connection: AsyncConnection, update: int, listed: Listed, after: tuple[int, int], limit: int
) -> list[Row]:
    """Return up to `limit` deliveries of an update that come after the place `after` (bucket, endpoint)."""
    found = await connection.execute(
        text(f"""
            WITH {_IN_HAND}
            SELECT d.bucket_id, d.endpoint_id, e.public_id, s.name, e.address, e.channel, a.name, {_STATE}, d.reason,
              d.note, d.tries, d.due_at, d.done_at
            FROM delivery d
            LEFT JOIN hand ON hand.b = d.bucket_id AND hand.e = d.endpoint_id
            JOIN endpoint e ON e.id = d.endpoint_id JOIN subscriber s ON s.id = e.subscriber_id
            JOIN audience a ON a.id = d.audience
            WHERE d.update_id = :update AND (d.bucket_id, d.endpoint_id) > (:bucket, :endpoint)
              AND (CAST(:state AS text) IS NULL OR {_STATE} = :state)
              AND (CAST(:channel AS text) IS NULL OR e.channel = :channel)
              AND (CAST(:audience AS text) IS NULL OR a.name = :audience)
            ORDER BY d.bucket_id, d.endpoint_id LIMIT :limit
        """),
        {"update": update, "bucket": after[0], "endpoint": after[1], "limit": limit, **listed._asdict()},
    )
    return [Row(*row) for row in found]


async def whole(connection: AsyncConnection, update: str, endpoint: str) -> Whole | None:
    """Return the delivery that an update's and an endpoint's public ids name."""
    number = await connection.execute(text("SELECT id FROM incident_update WHERE public_id = :id"), {"id": update})
    found = await connection.execute(
        text(f"""
            WITH {_IN_HAND}
            SELECT d.update_id, d.bucket_id, d.endpoint_id, d.message, s.name, e.address, e.state::text, e.channel,
              a.name, {_STATE}, d.reason, d.note, d.code, d.tries, d.since, d.due_at, d.done_at, d.receipt_at,
              d.provider, d.provider_id
            FROM endpoint e JOIN subscriber s ON s.id = e.subscriber_id
            JOIN delivery d ON d.update_id = :update AND d.bucket_id = e.bucket_id AND d.endpoint_id = e.id
            LEFT JOIN hand ON hand.b = d.bucket_id AND hand.e = d.endpoint_id
            JOIN audience a ON a.id = d.audience
            WHERE e.public_id = :endpoint
        """),
        {"update": number.scalar_one_or_none(), "endpoint": endpoint},
    )
    row = found.one_or_none()
    return None if row is None else Whole(*row)


async def tries(connection: AsyncConnection, delivery: Whole) -> list[Try]:
    """Return the attempts that had this delivery in their batch, oldest first."""
    rows_ = await connection.execute(
        text("""
            SELECT a.id, a.provider, a.worker, a.started_at, a.finished_at, a.lost, a.outcomes[z.n], a.notes[z.n]
            FROM attempt a, unnest(a.row_buckets, a.endpoints, a.updates) WITH ORDINALITY z (b, e, u, n)
            WHERE a.started_at >= :since AND :bucket = ANY(a.row_buckets)
              AND z.u = :update AND z.b = :bucket AND z.e = :endpoint
            ORDER BY a.id
        """),
        {
            "since": delivery.since - 1,
            "update": delivery.update,
            "bucket": delivery.bucket,
            "endpoint": delivery.endpoint,
        },
    )
    return [Try(*row) for row in rows_]


async def reports(connection: AsyncConnection, delivery: Whole) -> list[Report]:
    """Return what the provider said later of the message that told this delivery."""
    found = await connection.execute(
        text("""
            SELECT provider, kind, code, note, received_at FROM receipt
            WHERE update_id IN (:update, :message) AND endpoint_id = :endpoint ORDER BY id
        """),
        {
            "update": delivery.update,
            "message": delivery.message if delivery.message is not None else delivery.update,
            "endpoint": delivery.endpoint,
        },
    )
    return [Report(*row) for row in found]


async def waiting(connection: AsyncConnection) -> dict[str, tuple[int, float | None]]:
    """Return for each channel how many buckets have work now, and since when the oldest of them waits."""
    found = await connection.execute(
        text("""
            SELECT channel, count(*) FILTER (WHERE due_at <= tocsin_epoch())::int, min(due_at) FILTER
              (WHERE due_at <= tocsin_epoch()) FROM bucket GROUP BY channel
        """)
    )
    return {row[0]: (row[1], row[2]) for row in found}


async def version_of(connection: AsyncConnection, update: int) -> tuple[int, int]:
    """Return the incident's number and the version of an update."""
    found = await connection.execute(
        text("SELECT incident_id, version FROM incident_update WHERE id = :update"), {"update": update}
    )
    row = found.one()
    return row.incident_id, row.version
