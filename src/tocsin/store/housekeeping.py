"""Forgets what has outlived its use, and finds rows that nobody would look at."""

from __future__ import annotations

from tocsin.store.engine import Connection

_LOCK = 0x70C54


async def alone(connection: Connection) -> bool:
    """Tell whether this process is the one to keep the house now."""
    return bool(await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK))


async def done(connection: Connection) -> None:
    await connection.execute("SELECT pg_advisory_unlock($1)", _LOCK)


async def forget(connection: Connection) -> None:
    """Delete answers kept for repeated requests after two days, ended sessions after one, kept promises after 30.

    Questions that nobody answered are forgotten a month after they were asked, with links and notices that are over.
    Reports of other systems are forgotten 90 days after the last one of the same trouble, what came of a provider's
    messages, as far as it is judged by that, after an hour, codes that no table has a month after they last came.
    """
    await connection.execute("DELETE FROM idempotency WHERE created_at < tocsin_now() - interval '2 days'")
    await connection.execute("DELETE FROM operator_session WHERE created_at < tocsin_now() - interval '1 day'")
    await connection.execute("DELETE FROM outbox WHERE kind = 'page' AND done_at < tocsin_now() - interval '30 days'")
    await connection.execute("DELETE FROM notice WHERE created_at < tocsin_now() - interval '30 days'")
    await connection.execute("DELETE FROM opt_in WHERE created_at < tocsin_now() - interval '30 days'")
    await connection.execute("DELETE FROM link WHERE expires_at < tocsin_now() - interval '7 days'")
    await connection.execute("DELETE FROM signal WHERE updated_at < tocsin_now() - interval '90 days'")
    await connection.execute("DELETE FROM provider_tally WHERE slot < tocsin_epoch() - 3600")
    await connection.execute("DELETE FROM unlisted_code WHERE last_at < tocsin_now() - interval '30 days'")
    await connection.execute("DELETE FROM asked WHERE at < tocsin_now() - interval '2 days'")
    await connection.execute("DELETE FROM journal WHERE told_at < tocsin_now() - interval '1 day'")
    await connection.execute("DELETE FROM closed_gate WHERE until < tocsin_epoch() - 3600")


async def wake_forgotten(connection: Connection) -> int:
    """Wake buckets that have unfinished rows of recent updates which they do not know of; return how many.

    This must always be none: the fan-out, the claim and the record keep a bucket's `live` complete.
    """
    rows = await connection.fetch(
        """
        WITH lost AS (
          SELECT d.bucket_id, array_agg(DISTINCT d.update_id) AS updates
          FROM delivery d JOIN bucket b ON b.id = d.bucket_id
          WHERE d.update_id IN (SELECT id FROM incident_update WHERE created_at > tocsin_now() - interval '2 days')
            AND d.state IN ('pending', 'held', 'unknown') AND NOT d.update_id = ANY(b.live)
          GROUP BY 1
        )
        UPDATE bucket b SET live = b.live || lost.updates, gen = gen + 1,
          due_at = least(b.due_at, tocsin_epoch())
        FROM lost WHERE b.id = lost.bucket_id AND b.lease_until <= tocsin_epoch() RETURNING b.id
        """
    )
    return len(rows)
