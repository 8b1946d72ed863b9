"""Writes the ledger: one row for each endpoint in the audience, in set-based SQL, a chunk of buckets at a time.

Safe to repeat from the start: a chunk is one transaction, its rows are unique, and its buckets are locked in the order
of their ids, so that a claim sees a chunk's rows all or not at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tocsin.domain.audience import Audiences
from tocsin.domain.incident import Phase, Status
from tocsin.store.engine import Connection


@dataclass(frozen=True, slots=True)
class FanOut:
    """One update as the fan-out needs it. `components` are ids, empty where the update concerns everyone."""

    update_id: int
    incident_id: int
    version: int
    severity: int
    phase: Phase
    closes: bool
    audiences: int
    is_public: bool
    notify: bool
    urgent: bool
    components: list[int]
    older: list[int]


async def read_update(connection: Connection, update_id: int, urgent: int) -> FanOut:
    """Read what the fan-out of one update needs to know."""
    row = await connection.fetchrow(
        """
        SELECT u.*, coalesce((SELECT array_agg(c.id) FROM component c WHERE u.components ? c.slug), '{}') AS affected,
          coalesce((SELECT array_agg(o.id) FROM incident_update o
                    WHERE o.incident_id = u.incident_id AND o.version < u.version), '{}') AS older
        FROM incident_update u WHERE u.id = $1
        """,
        update_id,
    )
    assert row is not None, f"the outbox names update {update_id}, which is held by a foreign key"
    return FanOut(
        update_id=row["id"],
        incident_id=row["incident_id"],
        version=row["version"],
        severity=row["severity"],
        phase=Phase(row["phase"]),
        closes=not Status(row["status"]).is_open,
        audiences=row["audiences"],
        is_public=row["is_public"],
        notify=row["notify"],
        urgent=row["severity"] <= urgent,
        components=row["affected"],
        older=row["older"],
    )


async def buckets_to_visit(connection: Connection, update: FanOut, audiences: Audiences) -> list[int]:
    """Return the buckets that may hold someone of the audience: the page first, then from the inside out.

    A bucket's rank is that of its endpoints' narrowest audience: further out than the widest that is addressed, there
    is nobody who is addressed.
    """
    silent = not update.notify and not update.closes
    rows = await connection.fetch(
        """
        SELECT id FROM bucket
        WHERE size > 0 AND CASE WHEN channel = 'status_page' THEN $3::bool ELSE rank <= $2 AND NOT $1::bool END
        ORDER BY (channel = 'status_page') DESC, rank, id
        """,
        silent,
        audiences.in_mask(update.audiences)[-1].rank,
        update.is_public,
    )
    return [row["id"] for row in rows]


async def write_chunk(
    connection: Connection, update: FanOut, buckets: Sequence[int], audiences: Audiences
) -> dict[str, int]:
    """Write the rows of one chunk in one transaction; return how many became due, by channel."""
    async with connection.transaction():
        await connection.execute("SELECT id FROM bucket WHERE id = ANY($1::int[]) ORDER BY id FOR UPDATE", buckets)
        if not update.notify and update.closes and update.older:
            await _forget_unsent(connection, update, buckets)
        rows = await connection.fetch(
            _write_statement(audiences, follows=bool(update.older)),
            update.update_id,
            list(buckets),
            update.audiences if update.notify else 0,
            update.is_public,
            update.severity,
            int(update.phase),
            update.components,
            update.older,
            update.incident_id,
            update.version,
            update.urgent,
            update.closes,
        )
    return {row["channel"]: row["n"] for row in rows}


async def _forget_unsent(connection: Connection, update: FanOut, buckets: Sequence[int]) -> None:
    """A silent end of an incident: what never went out is not news any more."""
    await connection.execute(
        """
        UPDATE delivery SET state = 'superseded', reason = 'newer_version', due_at = NULL, done_at = tocsin_epoch()
        WHERE update_id = ANY($1::int[]) AND bucket_id = ANY($2::int[]) AND state IN ('pending', 'held')
        """,
        update.older,
        list(buckets),
    )


async def analyze_if_young(connection: Connection, expected: int) -> None:
    """Refresh the ledger's statistics where they know far fewer rows than there are.

    A ledger that was empty at the last ANALYZE is planned as if it still were: superseding is 20 times slower then.
    """
    known = await connection.fetchval("SELECT reltuples FROM pg_class WHERE oid = 'delivery'::regclass")
    if known < expected:
        await connection.execute("ANALYZE delivery")


def _write_statement(audiences: Audiences, *, follows: bool) -> str:
    """Return the one statement of a chunk; `follows`: there are older versions, to be superseded.

    $1 update, $2 buckets, $3 audiences, $4 public, $5 severity, $6 phase, $7 components, $8 older updates,
    $9 incident, $10 version, $11 urgent, $12 closes the incident.
    """
    narrowest = " ".join(f"WHEN addressed & {audience.bit} <> 0 THEN {audience.id}" for audience in audiences.ordered)
    # Whoever was told, or may be told this very moment, has a right to hear the end.
    told = """(o.endpoint_id IS NOT NULL OR EXISTS (
          SELECT 1 FROM pace p WHERE p.endpoint_id = w.id AND p.told && $8::int[]))"""
    return f"""
    WITH t AS MATERIALIZED (
      SELECT tocsin_epoch() AS now, coalesce((
        SELECT bit_or(audiences) FROM incident_update
        WHERE incident_id = $9::int AND version > $10::int AND notify), 0) AS newer
    ), w AS (
      SELECT e.id, e.bucket_id, e.channel, e.state, e.least, e.phases, e.audiences,
        CASE {narrowest} END AS audience,
        e.all_components OR cardinality($7::int[]) = 0 OR EXISTS (
          SELECT 1 FROM endpoint_component c WHERE c.endpoint_id = e.id AND c.component_id = ANY($7::int[])) AS chosen
      FROM (
        SELECT *, CASE WHEN channel = 'status_page' THEN audiences ELSE audiences & $3::int END AS addressed
        FROM endpoint WHERE bucket_id = ANY($2::int[])) e
      WHERE CASE WHEN channel = 'status_page' THEN $4::bool ELSE addressed <> 0 END
    ), superseded AS ({_SUPERSEDE if follows else _NOTHING_OLDER}
    ), o AS (
      SELECT endpoint_id, min(since) AS since FROM superseded GROUP BY 1  -- a newer version inherits the longest wait
    ), r AS (
      SELECT w.*, o.since, CASE
        WHEN w.state <> 'active' THEN w.state::text
        WHEN $12::bool AND {told if follows else "false"} THEN NULL
        WHEN NOT w.chosen THEN 'components_not_chosen'
        WHEN $5::smallint > w.least THEN 'below_least_severity'
        WHEN w.phases & ($6::int | CASE WHEN $12::bool OR {told if follows else "false"} THEN 0 ELSE 1 END) = 0
          THEN 'phase_not_chosen' END AS reason
      FROM w LEFT JOIN o ON o.endpoint_id = w.id
    ), i AS (
      INSERT INTO delivery (update_id, bucket_id, endpoint_id, audience, state, reason, since, due_at, done_at)
      SELECT $1::int, r.bucket_id, r.id, r.audience, s.state::delivery_state,
        CASE WHEN s.state = 'superseded' THEN 'newer_version' ELSE r.reason END,
        coalesce(r.since, t.now), CASE WHEN s.state = 'pending' THEN t.now END,
        CASE WHEN s.state <> 'pending' THEN t.now END
      FROM r, t, LATERAL (SELECT CASE
        WHEN r.state <> 'active' THEN 'suppressed'
        WHEN r.reason IS NOT NULL THEN 'skipped'
        WHEN r.channel <> 'status_page' AND r.audiences & t.newer <> 0 THEN 'superseded'
        ELSE 'pending' END AS state) s
      ORDER BY r.bucket_id, r.id
      ON CONFLICT DO NOTHING RETURNING bucket_id, state
    ), n AS (
      SELECT bucket_id, count(*) AS n FROM i WHERE state = 'pending' GROUP BY 1
    ), b AS (
      UPDATE bucket b SET gen = gen + 1, due_n = due_n + n.n, urgent = urgent OR $11::bool,
        due_at = CASE WHEN lease_until > t.now THEN due_at ELSE t.now END,
        live = CASE WHEN $1::int = ANY(live) THEN live ELSE live || $1::int END
      FROM n, t WHERE b.id = n.bucket_id RETURNING b.channel, n.n
    )
    SELECT channel, sum(n)::int AS n FROM b GROUP BY 1
    """


_NOTHING_OLDER = "SELECT NULL::int AS endpoint_id, NULL::float8 AS since WHERE $8::int[] IS NULL"
# What nobody knows of was perhaps heard: it counts as accepted, and is never sent again after this.
_SUPERSEDE = """
      UPDATE delivery d SET due_at = NULL, done_at = t.now,
        state = CASE WHEN d.state = 'unknown' THEN 'accepted' ELSE 'superseded' END::delivery_state,
        reason = CASE WHEN d.state = 'unknown' THEN 'outcome_unknown' ELSE 'newer_version' END
      FROM w, t
      WHERE d.update_id = ANY($8::int[]) AND d.bucket_id = ANY($2::int[]) AND d.bucket_id = w.bucket_id
        AND d.endpoint_id = w.id AND d.state IN ('pending', 'held', 'unknown')
      RETURNING d.endpoint_id, d.since"""
