"""Writes down what came of an attempt, in one bulk transaction behind its fence.

"Accepted" is written whoever says it and however late, since it stops a resend. Holds, retries, lanes and told count
only from the worker that still holds the lease.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tocsin.domain.delivery import Reason, State
from tocsin.domain.outline import Planned
from tocsin.store.claim import Lease, live_text
from tocsin.store.engine import Connection
from tocsin.store.uniform import uniform


class Heard(NamedTuple):
    """A message that the provider took, or that `by`, another one, had taken before."""

    message: Planned
    provider_id: str
    code: int | None
    thread: str
    by: str = ""


class Unheard(NamedTuple):
    """A message that it did not take, or of which nobody knows: how its rows go on."""

    message: Planned
    state: State
    reason: Reason
    due_at: float | None
    code: int | None
    note: str
    told: bool  # it may have arrived, so it counts as told
    doubtful: bool  # it may have arrived, so another message may be a duplicate
    blames: bool  # it is the address that fails, neither our words nor our account
    tried: bool = True  # it counts as a try, which waiting for the provider's pace does not
    cleared: bool = False  # what was in doubt until then had not gone out


async def release(
    connection: Connection, lease: Lease, token: int, waiting: Mapping[int, Mapping[int, float]]
) -> set[int]:
    """Give the buckets back; return those that were still ours. A fan-out in the meantime makes them due at once."""
    rows = await connection.fetch(
        """
        WITH held AS MATERIALIZED (  -- in the order in which a fan-out locks them
          SELECT id FROM bucket WHERE id = ANY($2::int[]) AND attempt_id = $1 ORDER BY id FOR UPDATE)
        UPDATE bucket b SET attempt_id = NULL, lease_until = 0,
          due_n = CASE WHEN b.gen = x.gen THEN cardinality(x.live::int[]) ELSE b.due_n END,
          live = CASE WHEN b.gen = x.gen THEN x.live::int[] ELSE b.live END,
          due_at = CASE WHEN b.gen = x.gen THEN x.due ELSE tocsin_epoch() END,
          urgent = b.urgent AND (b.gen <> x.gen OR x.due IS NOT NULL)
        FROM held, unnest($2::int[], $3::int[], $4::text[], $5::float8[]) x (id, gen, live, due)
        WHERE b.id = held.id AND b.id = x.id RETURNING b.id
        """,
        token,
        lease.ids,
        [bucket.gen for bucket in lease.buckets],
        [live_text(waiting.get(bucket, {})) for bucket in lease.ids],
        [min(waiting.get(bucket, {}).values(), default=None) for bucket in lease.ids],
    )
    return {row["id"] for row in rows}


async def write_heard(connection: Connection, heard: Sequence[Heard], carriers: Sequence[str], now: float) -> None:
    """Write the accepted rows, each with who took it; a receipt that overtook the answer has moved a row further up."""
    if not heard:
        return
    rows = [(item, row) for item in heard for row in item.message.rows]
    carrier, by_row = uniform([name for item, name in zip(heard, carriers, strict=True) for _ in item.message.rows])
    update, updates = uniform([row.update_id for _, row in rows])
    bucket, buckets = uniform([row.bucket_id for _, row in rows])
    message, messages = uniform([item.message.message for item, _ in rows])
    code, codes = uniform([item.code for item, _ in rows])
    provider_id, provider_ids = uniform([item.provider_id for item, _ in rows])
    await connection.execute(
        """
        UPDATE delivery d SET state = 'accepted', due_at = NULL, done_at = $7::float8, code = coalesce(x.c, $9::int),
          message = coalesce(x.m, $10::int), provider = coalesce(x.p, $8::text),
          provider_id = coalesce(x.v, $11::text), tries = tries + 1,
          reason = CASE WHEN unknowns > 0 THEN 'outcome_unknown' END, note = NULL
        FROM unnest($1::int[], $2::int[], $3::int[], $4::int[], $5::int[], $6::text[], $14::text[])
          x (u, b, e, m, c, v, p)
        WHERE d.update_id = coalesce(x.u, $12::int) AND d.bucket_id = coalesce(x.b, $13::int) AND d.endpoint_id = x.e
          AND d.state NOT IN ('delivered', 'bounced')
        """,
        updates,
        buckets,
        [row.endpoint_id for _, row in rows],
        messages,
        codes,
        provider_ids,
        now,
        carrier,
        code,
        message,
        provider_id,
        update,
        bucket,
        by_row,
    )


async def write_unheard(
    connection: Connection, unheard: Sequence[Unheard], carriers: Sequence[str], now: float
) -> None:
    """Write the rows that go on otherwise, each with who said so; what was superseded or stopped in flight stays."""
    if not unheard:
        return
    rows = [(item, row) for item in unheard for row in item.message.rows]
    await connection.execute(
        """
        UPDATE delivery d SET state = x.s::delivery_state, reason = x.r, due_at = x.t,
          done_at = CASE WHEN x.t IS NULL THEN $10::float8 END, code = x.c, note = x.n, message = x.m,
          -- What stays in doubt and was not handed over now is still looked for where it was given.
          provider = CASE WHEN x.s = 'unknown' AND x.k = 0 THEN d.provider ELSE x.p END,
          tries = tries + x.y, unknowns = unknowns + x.k, cleared = CASE WHEN x.z THEN unknowns ELSE cleared END
        FROM unnest($1::int[], $2::int[], $3::int[], $4::text[], $5::text[], $6::float8[], $7::int[], $8::text[],
          $9::int[], $11::text[], $12::smallint[], $13::smallint[], $14::boolean[])
          x (u, b, e, s, r, t, c, n, m, p, k, y, z)
        WHERE d.update_id = x.u AND d.bucket_id = x.b AND d.endpoint_id = x.e
          AND d.state IN ('pending', 'held', 'unknown')
        """,
        [row.update_id for _, row in rows],
        [row.bucket_id for _, row in rows],
        [row.endpoint_id for _, row in rows],
        [item.state.value for item, _ in rows],
        [item.reason.value for item, _ in rows],
        [item.due_at for item, _ in rows],
        [item.code for item, _ in rows],
        [item.note for item, _ in rows],
        [item.message.message for item, _ in rows],
        now,
        [name for item, name in zip(unheard, carriers, strict=True) for _ in item.message.rows],
        [int(item.doubtful) for item, _ in rows],
        [int(item.tried) for item, _ in rows],
        [item.cleared for item, _ in rows],
    )


async def write_pace(connection: Connection, told: Sequence[Planned], now: float) -> None:
    """Write when the lanes of endpoints open again, and what they were told at `now`."""
    if not told:
        return
    n1, n1s = uniform([message.pace.n1 for message in told])
    n2, n2s = uniform([message.pace.n2 for message in told])
    u1, u1s = uniform([message.pace.u1 for message in told])
    u2, u2s = uniform([message.pace.u2 for message in told])
    same, texts = uniform([live_text(message.told) for message in told])
    await connection.execute(
        """
        UPDATE pace p SET n1 = coalesce(x.n1, $8::float8), n2 = coalesce(x.n2, $9::float8),
          u1 = coalesce(x.u1, $10::float8), u2 = coalesce(x.u2, $11::float8),
          told = coalesce(x.told, $12::text)::int[], rung_at = $7::float8
        FROM unnest($1::int[], $2::float8[], $3::float8[], $4::float8[], $5::float8[], $6::text[])
          x (e, n1, n2, u1, u2, told) WHERE p.endpoint_id = x.e
        """,
        [message.rows[0].endpoint_id for message in told],
        n1s,
        n2s,
        u1s,
        u2s,
        texts,
        now,
        n1,
        n2,
        u1,
        u2,
        same,
    )


async def stop(connection: Connection, state: str, endpoints: Sequence[int], note: Sequence[str]) -> None:
    """Stop writing to addresses that the provider says are dead, or whose owners told it to stop."""
    if not endpoints:
        return
    await connection.execute(
        """
        UPDATE endpoint e SET state = $3::text::endpoint_state, state_reason = x.note, updated_at = tocsin_now()
        FROM unnest($1::int[], $2::text[]) x (id, note) WHERE e.id = x.id AND e.state = 'active'
        """,
        endpoints,
        note,
        state,
    )


async def finish_attempt(
    connection: Connection, token: int, outcomes: Sequence[str | None], notes: Sequence[str | None], now: float
) -> None:
    """Write what came of each row of an attempt; one that was closed as lost in the meantime keeps that mark."""
    outcome, several = uniform(outcomes)
    await connection.execute(
        """
        UPDATE attempt SET finished_at = $2, notes = $4::text[],
          outcomes = coalesce($3::text[], array_fill($5::text, ARRAY[cardinality(endpoints)])) WHERE id = $1
        """,
        token,
        now,
        several or None,
        notes if any(notes) else None,
        outcome,
    )
