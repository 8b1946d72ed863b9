"""Leases buckets that have work to one worker, reads what their endpoints are owed, and puts the attempt on record.

The three calls belong to one transaction: `lease` locks, `unfinished` reads after the lock (a new snapshot), and
`begin_attempt` or `put_back` ends it. What is on record before the first byte goes out is exactly what a crash leaves
unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from tocsin.domain.channel import ChannelName
from tocsin.domain.outline import Change, Plan
from tocsin.domain.rows import Row
from tocsin.store.engine import PAUSE_LOCK, Connection
from tocsin.store.uniform import uniform

# What a rule looks at of a ledger row, in the order of `Row`.
ROW: Final = """
    d.endpoint_id, d.update_id, d.bucket_id, d.audience, d.state::text, d.reason, d.since, d.due_at, d.tries,
      d.unknowns, d.message, e.public_id, e.state::text, e.address, e.audiences, s.name,
      coalesce(e.locale, s.locale), s.time_zone, e.timing::text, e.snoozed, d.rule, p.rung_at,
      p.n1, p.n2, p.u1, p.u2, p.told, e.fallback_id IS NOT NULL, d.cleared, d.provider
    -- Looked up one by one: OFFSET 0 keeps the planner from merging with a walk through every endpoint there is.
    FROM delivery d
      CROSS JOIN LATERAL (SELECT * FROM endpoint WHERE id = d.endpoint_id OFFSET 0) e
      CROSS JOIN LATERAL (SELECT * FROM subscriber WHERE id = e.subscriber_id OFFSET 0) s
      CROSS JOIN LATERAL (SELECT * FROM pace WHERE endpoint_id = d.endpoint_id OFFSET 0) p
"""


class Leased(NamedTuple):
    """One bucket as it was found: `gen` tells later whether a fan-out came by in the meantime."""

    id: int
    gen: int
    live: list[int]


class Lease(NamedTuple):
    now: float
    buckets: list[Leased]
    silent: list[int]  # attempts whose worker fell silent
    muted: bool = False  # something is muted somewhere
    closed: Mapping[str, float] = MappingProxyType({})  # gates that the provider closed, and until when

    @property
    def ids(self) -> list[int]:
        return [bucket.id for bucket in self.buckets]

    @property
    def live(self) -> list[int]:
        return sorted({update for bucket in self.buckets for update in bucket.live})


async def lease(connection: Connection, channel: ChannelName, rows: int, whole: str = "") -> Lease | None:
    """Lock as many due buckets as hold about `rows` due rows, urgent first, then from the inside out.

    None where nothing is due, or where `whole`, the gate that everything on this channel passes, is closed.
    """
    # Whoever pauses the channel waits for this lock: no batch begins once they are answered.
    start = await connection.fetchrow(
        """
        SELECT tocsin_epoch() AS now, EXISTS (SELECT FROM mute WHERE ended_at IS NULL) AS muted,
          (SELECT jsonb_object_agg(key, until) FROM closed_gate WHERE channel = $2 AND until > tocsin_epoch()) AS closed
        FROM pg_advisory_xact_lock_shared($1, hashtext($2))
        """,
        PAUSE_LOCK,
        channel,
    )
    assert start is not None
    now: float = start["now"]
    closed: dict[str, float] = start["closed"] or {}
    if whole in closed:
        return None
    found = await connection.fetch(
        """
        SELECT id, gen, live, attempt_id FROM bucket
        WHERE channel = $1 AND due_at <= $2 AND lease_until <= $2
          AND NOT EXISTS (SELECT 1 FROM channel c WHERE c.name = $1 AND c.paused_at IS NOT NULL)
        ORDER BY urgent DESC, rank, due_at
        LIMIT (SELECT greatest(1, $3::int / greatest(1, avg(due_n)))::int FROM bucket
               WHERE channel = $1 AND due_at <= $2 AND lease_until <= $2)
        FOR UPDATE SKIP LOCKED
        """,
        channel,
        now,
        rows,
    )
    if not found:
        return None
    silent = sorted({row["attempt_id"] for row in found if row["attempt_id"] is not None})
    buckets = [Leased(row["id"], row["gen"], list(row["live"])) for row in found]
    return Lease(now, buckets, silent, start["muted"], closed)


async def unfinished(connection: Connection, lease: Lease) -> list[Row]:
    """Return the unfinished rows of leased buckets, those of one endpoint next to each other."""
    rows = await connection.fetch(
        f"""
        SELECT {ROW}
        WHERE d.update_id = ANY($1::int[]) AND d.bucket_id = ANY($2::int[])
          AND d.state IN ('pending', 'held', 'unknown')
        ORDER BY d.bucket_id, d.endpoint_id, d.update_id
        """,
        lease.live,
        lease.ids,
    )
    return list(map(Row._make, rows))


async def write_changes(connection: Connection, changes: Sequence[Change], now: float) -> None:
    """Write down the rows that get no message now: held until a time, or ended for a reason."""
    if not changes:
        return
    await connection.execute(
        """
        UPDATE delivery d SET state = x.s::delivery_state, reason = x.r, due_at = x.t,
          done_at = CASE WHEN x.t IS NULL THEN $7::float8 END
        FROM unnest($1::int[], $2::int[], $3::int[], $4::text[], $5::text[], $6::float8[]) x (u, b, e, s, r, t)
        WHERE d.update_id = x.u AND d.bucket_id = x.b AND d.endpoint_id = x.e
          AND d.state IN ('pending', 'held', 'unknown')
        """,
        [change.row.update_id for change in changes],
        [change.row.bucket_id for change in changes],
        [change.row.endpoint_id for change in changes],
        [change.state.value for change in changes],
        [change.reason.value for change in changes],
        [change.due_at for change in changes],
        now,
    )


async def begin_attempt(
    connection: Connection, lease: Lease, plan: Plan, channel: ChannelName, provider: str, worker: str, seconds: float
) -> int:
    """Put on record who is about to be told what, and keep the buckets for `seconds`; return the lease's token."""
    rows = [(row, message.message) for message in plan.messages for row in message.rows]
    bucket, buckets = uniform([row.bucket_id for row, _ in rows])
    update, updates = uniform([row.update_id for row, _ in rows])
    message, messages = uniform([message for _, message in rows])
    token: int = await connection.fetchval(
        """
        WITH a AS (
          INSERT INTO attempt
            (channel, provider, worker, buckets, started_at, row_buckets, endpoints, updates, messages)
          SELECT $1, $2, $3, $4::int[], $5::float8, coalesce($6::int[], array_fill($11::int, n)), $7::int[],
            coalesce($8::int[], array_fill($12::int, n)), coalesce($9::int[], array_fill($13::int, n))
          FROM (SELECT ARRAY[cardinality($7::int[])] AS n) x RETURNING id
        ), b AS (
          UPDATE bucket
          SET attempt_id = a.id, lease_until = $5::float8 + $10::float8, due_at = $5::float8 + $10::float8
          FROM a WHERE bucket.id = ANY($4::int[])
        )
        SELECT id FROM a
        """,
        channel,
        provider,
        worker,
        lease.ids,
        lease.now,
        buckets or None,
        [row.endpoint_id for row, _ in rows],
        updates or None,
        messages or None,
        seconds,
        bucket,
        update,
        message,
    )
    return token


async def put_back(connection: Connection, lease: Lease, waiting: Mapping[int, Mapping[int, float]]) -> None:
    """Give buckets back with nothing sent. `waiting` has, for a bucket, its live updates and when they are due."""
    await connection.execute(
        """
        UPDATE bucket b SET attempt_id = NULL, lease_until = 0, due_n = cardinality(x.live::int[]),
          live = x.live::int[], due_at = x.due, urgent = urgent AND x.due IS NOT NULL
        FROM unnest($1::int[], $2::text[], $3::float8[]) x (id, live, due) WHERE b.id = x.id
        """,
        lease.ids,
        [live_text(waiting.get(bucket, {})) for bucket in lease.ids],
        [min(waiting.get(bucket, {}).values(), default=None) for bucket in lease.ids],
    )


async def renew(connection: Connection, token: int, seconds: float) -> bool:
    """Keep an attempt's buckets for another `seconds`; False where the lease was lost."""
    # While slow addresses are moved, a statement that began before sees neither the old bucket nor the new one.
    return await _renew(connection, token, seconds) or await _renew(connection, token, seconds)


async def _renew(connection: Connection, token: int, seconds: float) -> bool:
    kept: bool = await connection.fetchval(
        """
        WITH held AS MATERIALIZED (SELECT id FROM bucket WHERE attempt_id = $1 ORDER BY id FOR UPDATE), b AS (
          UPDATE bucket SET lease_until = tocsin_epoch() + $2::float8, due_at = tocsin_epoch() + $2::float8
          FROM held WHERE bucket.id = held.id RETURNING 1)
        SELECT count(*) > 0 FROM b
        """,
        token,
        seconds,
    )
    return kept


async def due(connection: Connection) -> tuple[list[ChannelName], float | None]:
    """Return the channels that have due buckets, and the seconds until the next bucket will be due."""
    row = await connection.fetchrow(
        """
        WITH t AS (SELECT tocsin_epoch() AS now)
        SELECT
          (SELECT array_agg(DISTINCT channel) FROM bucket, t WHERE due_at <= t.now AND lease_until <= t.now) AS due,
          (SELECT min(due_at) FROM bucket, t WHERE due_at > t.now) - t.now AS later FROM t
        """
    )
    assert row is not None
    names: list[str] = row["due"] or []
    return [ChannelName(name) for name in names], row["later"]


def live_text(updates: Iterable[int]) -> str:
    """Return an array literal: arrays of arrays of different lengths cannot be parameters."""
    return f"{{{','.join(map(str, sorted(updates)))}}}"
