"""The promises as one statement each, over the ledger and its evidence: whatever a statement finds breaks its promise.

Each holds at any moment, not only when all is quiet: it reads one snapshot, and what is under way is not a fault. They
look back an hour, so that they stay quick however long the ledger grows; one that takes too long is left unfinished,
and after a long look the clock lets them rest, so that they take a twentieth of a processor at the most.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final, NamedTuple

import asyncpg

from tocsin.store.engine import Connection

# As an array, which is known before the ledger is looked at: a join would have the planner walk through all of it.
_RECENT = "= ANY (ARRAY(SELECT id FROM incident_update WHERE created_at > tocsin_now() - interval '1 hour'))"
# What answers are on record, row by row; what was retried since begins a new life.
_ANSWERED = """
    SELECT a.id AS attempt, a.started_at, x.b, x.e, x.u, x.o
    FROM attempt a, unnest(a.row_buckets, a.endpoints, a.updates, a.outcomes) AS x (b, e, u, o)
    WHERE a.started_at > tocsin_epoch() - 3600 AND a.outcomes IS NOT NULL
"""
# An endpoint may have been moved since: its row is where it is, and that of one that was deleted stays where it was.
_ROW_OF_ANSWER = """
    LEFT JOIN endpoint w ON w.id = x.e
    JOIN delivery d ON (d.update_id, d.bucket_id, d.endpoint_id) = (x.u, coalesce(w.bucket_id, x.b), x.e)
"""
_IN_WORDS = "format('update %s, endpoint %s', {u}, {e})"


class Invariant(NamedTuple):
    """`broken` says what is wrong where there are violations, `mend` what an operator does then."""

    name: str
    broken: str
    mend: str
    sql: str


class Finding(NamedTuple):
    """`example` names one of `n` violations, None where there is none. Not `is_finished`: nobody knows."""

    name: str
    n: int
    example: str | None
    seconds: float = 0.0
    is_finished: bool = True


INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        "everyone_has_a_row",
        "an address of the audience has no row in the ledger",
        "Nobody will write to it about this update: post the update again, and report this with the example",
        f"""
        SELECT {_IN_WORDS.format(u="u.id", e="e.id")} FROM incident_update u
          JOIN outbox o ON o.update_id = u.id AND o.done_at IS NOT NULL
          JOIN endpoint e ON e.audiences & u.audiences <> 0 AND e.state = 'active' AND e.channel <> 'status_page'
            AND e.created_at < u.created_at AND e.updated_at < u.created_at
        WHERE u.id {_RECENT} AND u.notify
          AND NOT EXISTS (
            SELECT FROM delivery d WHERE d.update_id = u.id AND d.endpoint_id = e.id AND d.update_id {_RECENT})
        """,
    ),
    Invariant(
        "one_row_each",
        "an address has two rows for one update",
        "It may hear it twice: cancel one of them with POST /v1/deliveries/{id}/cancel, and report this",
        f"""
        SELECT {_IN_WORDS.format(u="update_id", e="endpoint_id")} FROM delivery
        WHERE update_id {_RECENT} GROUP BY update_id, endpoint_id HAVING count(*) > 1
        """,
    ),
    Invariant(
        "no_unlabelled_duplicate",
        "a provider took the same message twice, and the ledger does not say that this may be",
        "Somebody heard the same thing twice: look at GET /v1/deliveries/{id} of the example, and report this",
        f"""
        SELECT {_IN_WORDS.format(u="x.u", e="x.e")} FROM ({_ANSWERED}) x {_ROW_OF_ANSWER}
        WHERE x.o = 'accepted' AND x.started_at >= d.since
        GROUP BY x.u, x.e, d.unknowns HAVING count(*) > 1 + d.unknowns
        """,
    ),
    Invariant(
        "someone_will_look",
        "a row is unfinished and no worker will look at it",
        "The sweeper wakes it within a minute. If this stays, restart the worker of the sweeper's queue",
        f"""
        SELECT {_IN_WORDS.format(u="d.update_id", e="d.endpoint_id")} FROM delivery d
          JOIN bucket b ON b.id = d.bucket_id
        WHERE d.update_id {_RECENT} AND d.state IN ('pending', 'held', 'unknown')
          AND NOT d.update_id = ANY(b.live)
        """,
    ),
    Invariant(
        "every_attempt_is_held",
        "an attempt is open and no bucket is leased for it, or a bucket is leased for one that has ended",
        "Its rows may be sent again without a label: pause the channel, and report this with the example",
        """
        SELECT format('attempt %s', a.id) FROM attempt a
        WHERE a.finished_at IS NULL AND NOT EXISTS (SELECT FROM bucket b WHERE b.attempt_id = a.id)
        UNION ALL
        SELECT format('bucket %s', b.id) FROM bucket b JOIN attempt a ON a.id = b.attempt_id
        WHERE a.finished_at IS NOT NULL
        """,
    ),
    Invariant(
        "what_was_taken_stays_taken",
        "a provider took a message, and the ledger says otherwise",
        "It would be sent again: cancel the row of the example, and report this",
        f"""
        SELECT {_IN_WORDS.format(u="x.u", e="x.e")} FROM ({_ANSWERED}) x {_ROW_OF_ANSWER}
        WHERE x.o = 'accepted' AND x.started_at >= d.since AND d.state NOT IN ('accepted', 'delivered', 'bounced')
        """,
    ),
    Invariant(
        "nobody_is_written_to_after_goodbye",
        "an address was written to after its owner had unsubscribed",
        "Apologise to them, and report this with the example",
        """
        SELECT format('attempt %s, endpoint %s', a.id, e.id) FROM attempt a
          JOIN endpoint e ON e.id = ANY(a.endpoints)
        WHERE a.started_at > tocsin_epoch() - 3600 AND e.state = 'opted_out'
          AND a.started_at > extract(epoch FROM e.updated_at) + 5
        """,
    ),
    Invariant(
        "the_page_has_only_what_is_public",
        "an update that is not public has a row on the status page",
        "Look at the page, take down what must not be there by a new update, and report this",
        f"""
        SELECT format('update %s', d.update_id) FROM delivery d JOIN bucket b ON b.id = d.bucket_id
          JOIN incident_update u ON u.id = d.update_id
        WHERE d.update_id {_RECENT} AND b.channel = 'status_page' AND NOT u.is_public
          AND d.state NOT IN ('skipped', 'suppressed')
        """,
    ),
    Invariant(
        "nobody_else_is_told",
        "an address was told, or is to be told, what is for an audience that the update does not address",
        "Cancel what has not gone out with POST /v1/incidents/{ref}/deliveries/cancel, and report this",
        f"""
        SELECT {_IN_WORDS.format(u="d.update_id", e="d.endpoint_id")} FROM delivery d
          JOIN incident_update u ON u.id = d.update_id
        WHERE d.update_id {_RECENT} AND u.audiences & (1 << d.audience) = 0
          AND d.state NOT IN ('skipped', 'suppressed', 'superseded', 'cancelled')
        """,
    ),
    Invariant(
        "every_deed_has_a_doer",
        "something was said, paused or muted, and it is not on record who did that",
        "Look who has the keys and the accounts (`tocsin key list`), and report this",
        """
        SELECT format('channel %s', name) FROM channel WHERE paused_at IS NOT NULL AND coalesce(paused_by, '') = ''
        UNION ALL SELECT format('update %s', id) FROM incident_update WHERE created_by = ''
          AND created_at > tocsin_now() - interval '1 hour'
        UNION ALL SELECT format('mute %s', id) FROM mute WHERE created_by = '' AND ended_at IS NULL
        """,
    ),
    Invariant(
        "nothing_older_after_newer",
        "an address was told an older update after a newer one",
        "Post an update that says how things stand now, and report this with the example",
        f"""
        SELECT {_IN_WORDS.format(u="u", e="e")} FROM (
          SELECT x.u, x.e, v.version, max(v.version) OVER (
            PARTITION BY v.incident_id, x.e ORDER BY x.attempt RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
          ) AS before
          FROM ({_ANSWERED}) x JOIN incident_update v ON v.id = x.u WHERE x.o = 'accepted'
        ) told WHERE version < before
        """,
    ),
    Invariant(
        "what_is_due_is_worked_on",
        "work has been due for more than two minutes, and no worker took it",
        "Look whether the workers of this channel run and reach the database; restart them",
        """
        SELECT format('%s, bucket %s', b.channel, b.id) FROM bucket b
        WHERE b.due_at < tocsin_epoch() - 120 AND b.lease_until < tocsin_epoch() - 120
          AND NOT EXISTS (SELECT FROM channel c WHERE c.name = b.channel AND c.paused_at IS NOT NULL)
        UNION ALL
        SELECT format('promise %s', id) FROM outbox WHERE done_at IS NULL AND due_at < tocsin_epoch() - 120
        UNION ALL
        SELECT format('maintenance INC-%s', incident_id) FROM maintenance WHERE due_at < tocsin_epoch() - 120
        """,
    ),
)
LONGEST_SECONDS: Final = 20.0
# So many times as long as a look took, the clock lets go by before the next.
REST: Final = 20.0


async def look(connection: Connection, longest: float = LONGEST_SECONDS) -> list[Finding]:
    """Look for violations of each invariant, for so many seconds each at the most; reads only."""
    findings: list[Finding] = []
    for one in INVARIANTS:
        began = time.monotonic()
        try:
            async with connection.transaction(readonly=True):
                await connection.execute(f"SET LOCAL statement_timeout = {max(1, round(longest * 1000))}")
                row = await connection.fetchrow(f"SELECT count(*)::int AS n, min(x) AS e FROM ({one.sql}) AS f (x)")
        except asyncpg.QueryCanceledError:
            findings.append(Finding(one.name, 0, None, time.monotonic() - began, is_finished=False))
            continue
        assert row is not None
        findings.append(Finding(one.name, row["n"], row["e"], time.monotonic() - began))
    return findings


async def rests(connection: Connection) -> bool:
    """Tell whether the last look took so much that the next one is not to begin yet."""
    return bool(
        await connection.fetchval(
            "SELECT max(checked_at) + $1::float8 * sum(seconds) > tocsin_epoch() FROM audit", REST
        )
    )


async def write(connection: Connection, findings: Sequence[Finding]) -> None:
    """Keep the newest result, which health checks and metrics show; what is unfinished has the one before, and ages."""
    finished = [one for one in findings if one.is_finished]
    await connection.execute(
        """
        INSERT INTO audit (invariant, violations, example, checked_at, seconds)
        SELECT name, n, example, tocsin_epoch(), seconds
        FROM unnest($1::text[], $2::int[], $3::text[], $4::float8[]) x (name, n, example, seconds)
        ON CONFLICT (invariant) DO UPDATE SET violations = excluded.violations, example = excluded.example,
          checked_at = excluded.checked_at, seconds = excluded.seconds
        """,
        [one.name for one in finished],
        [one.n for one in finished],
        [one.example for one in finished],
        [one.seconds for one in finished],
    )
    unfinished = [one for one in findings if not one.is_finished]
    await connection.execute(
        """
        UPDATE audit SET seconds = x.seconds FROM unnest($1::text[], $2::float8[]) x (name, seconds)
        WHERE invariant = x.name
        """,
        [one.name for one in unfinished],
        [one.seconds for one in unfinished],
    )
