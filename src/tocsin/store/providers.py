"""How the providers of a channel fare, shared by all workers; each change is made under the provider's lock, on record.

What came of messages is added up in slots of a few seconds. A worker asks once a second at most, never for a batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import asyncpg

from tocsin.domain.channel import ChannelName
from tocsin.domain.judge import WINDOW_SECONDS, Judgement
from tocsin.domain.provider import Breaker, Condition, Wish
from tocsin.domain.tally import NOTHING, Tally
from tocsin.store import provider_changes, waking
from tocsin.store.engine import Connection

_SLOT_SECONDS = 5.0
_CONDITION = "p.name, p.weight, p.wish, p.health, p.breaker, p.trips, p.next_try, p.shifted_at"
_WINDOW = """
    SELECT coalesce(sum(good), 0)::int AS good, coalesce(sum(faults), 0)::int AS faults,
      coalesce(sum(errors), 0)::int AS errors, coalesce(sum(slow), 0)::int AS slow,
      coalesce(sum(seconds), 0) AS seconds, coalesce(sum(batches), 0)::int AS batches
    FROM provider_tally t WHERE t.channel = $1 AND t.provider = p.name AND t.slot > tocsin_epoch() - $2
"""

Decide = Callable[[Condition, Tally, float], Judgement | None]


class Seen(NamedTuple):
    """What all workers know at `now`, the tallies of the last minute."""

    now: float
    conditions: Mapping[str, Condition]
    tallies: Mapping[str, Tally]


async def register(connection: Connection, channel: ChannelName, names: Iterable[str]) -> None:
    """Begin to keep account of providers; those that are known stay as they are."""
    await connection.execute(
        "INSERT INTO provider (channel, name) SELECT $1, unnest($2::text[]) ON CONFLICT DO NOTHING",
        channel,
        sorted(names),
    )


async def add_and_read(connection: Connection, channel: ChannelName, added: Mapping[str, Tally]) -> Seen:
    """Add what this process counted, and return how all providers of the channel fare, that included."""
    names = sorted(added)
    columns = [[added[name][at] for name in names] for at in range(len(Tally._fields))]
    rows = await connection.fetch(
        f"""
        WITH added AS (
          INSERT INTO provider_tally AS t (channel, provider, slot, good, faults, errors, slow, seconds, batches)
          SELECT $1, x.name, floor(tocsin_epoch() / $3) * $3, x.good, x.faults, x.errors, x.slow, x.seconds, x.batches
          FROM unnest($4::text[], $5::int[], $6::int[], $7::int[], $8::int[], $9::float8[], $10::int[])
            x (name, good, faults, errors, slow, seconds, batches)
          ON CONFLICT (channel, provider, slot) DO UPDATE SET good = t.good + excluded.good,
            faults = t.faults + excluded.faults, errors = t.errors + excluded.errors, slow = t.slow + excluded.slow,
            seconds = t.seconds + excluded.seconds, batches = t.batches + excluded.batches
        )
        SELECT {_CONDITION}, tocsin_epoch() AS now, w.* FROM provider p, LATERAL ({_WINDOW}) w WHERE p.channel = $1
        """,
        channel,
        WINDOW_SECONDS,
        _SLOT_SECONDS,
        names,
        *columns,
    )
    tallies = {row["name"]: _tally(row).plus(added.get(row["name"], NOTHING)) for row in rows}
    return Seen(rows[0]["now"] if rows else 0.0, {row["name"]: _condition(row) for row in rows}, tallies)


async def decide(connection: Connection, channel: ChannelName, name: str, by: Decide) -> Judgement | None:
    """Change one provider as `by` decides of how it stands now, under its lock; return what became of it."""
    locked = await connection.fetchrow(
        f"SELECT {_CONDITION}, tocsin_epoch() AS now FROM provider p WHERE channel = $1 AND name = $2 FOR UPDATE",
        channel,
        name,
    )
    if locked is None:
        return None
    window = await connection.fetchrow(f"SELECT w.* FROM (SELECT $3::text AS name) p, LATERAL ({_WINDOW}) w",
                                       channel, WINDOW_SECONDS, name)  # fmt: skip
    assert window is not None
    before = _condition(locked)
    judgement = by(before, _tally(window), locked["now"])
    if judgement is None or judgement.condition == before:
        return None
    await write(connection, channel, before, judgement, None)
    return judgement


async def write(
    connection: Connection, channel: ChannelName, before: Condition, judgement: Judgement, by: str | None
) -> None:
    """Write how a provider stands now and put each change on record; `by` is an operator, None: health decided.

    What was counted before a breaker moved or an operator stepped in is no evidence any more. Where messages may go
    again, what was held for want of a provider is due at once; where they may not and others carry on, what this one
    has refused for the first time is.
    """
    after = judgement.condition
    await connection.execute(
        """
        UPDATE provider SET weight = $3, wish = $4, health = $5, breaker = $6, trips = $7, next_try = $8,
          shifted_at = $9
        WHERE channel = $1 AND name = $2
        """,
        channel,
        after.provider,
        after.weight,
        after.wish.value,
        after.health,
        after.breaker.value,
        after.trips,
        after.next_try,
        after.shifted_at,
    )
    await provider_changes.put_on_record(connection, channel, before, judgement, by)
    if before.breaker is not after.breaker or before.wish is not after.wish:
        await connection.execute(
            "DELETE FROM provider_tally WHERE channel = $1 AND provider = $2", channel, after.provider
        )
    if after.is_used and not before.is_used:
        await waking.wake_what_waits(connection, channel)
    elif before.is_used and not after.is_used:
        await waking.wake_what_it_refused(connection, channel, after.provider)


async def lock(connection: Connection, channel: ChannelName, name: str) -> Condition:
    """Lock a provider that is registered, and return how it stands."""
    locked = await connection.fetchrow(
        f"SELECT {_CONDITION} FROM provider p WHERE channel = $1 AND name = $2 FOR UPDATE", channel, name
    )
    assert locked is not None
    return _condition(locked)


async def all_conditions(connection: Connection) -> list[tuple[str, Condition]]:
    """Return how every provider stands, with its channel."""
    rows = await connection.fetch(f"SELECT {_CONDITION}, p.channel FROM provider p ORDER BY p.channel, p.name")
    return [(row["channel"], _condition(row)) for row in rows]


async def claim_question(connection: Connection, channel: ChannelName, name: str, seconds: float) -> bool:
    """Take it upon this process to ask an open provider, for `seconds`; False where another one does."""
    return await _claim(connection, channel, name, Breaker.OPEN, seconds)


async def claim_trial(connection: Connection, channel: ChannelName, name: str, seconds: float) -> bool:
    """Take it upon this process to give a half-open provider a small batch; False where another one does."""
    return await _claim(connection, channel, name, Breaker.HALF_OPEN, seconds)


async def _claim(connection: Connection, channel: ChannelName, name: str, breaker: Breaker, seconds: float) -> bool:
    claimed = await connection.fetchval(
        """
        UPDATE provider p SET next_try = tocsin_epoch() + $4::float8 FROM (
          SELECT channel, name FROM provider
          WHERE channel = $1 AND name = $2 AND breaker = $3 AND wish = 'auto' AND next_try <= tocsin_epoch()
          FOR UPDATE SKIP LOCKED) free
        WHERE p.channel = free.channel AND p.name = free.name RETURNING true
        """,
        channel,
        name,
        breaker.value,
        seconds,
    )
    return bool(claimed)


def _condition(row: asyncpg.Record) -> Condition:
    name, weight, wish, health, breaker, trips, next_try, shifted_at = list(row)[:8]
    return Condition(name, weight, Wish(wish), health, Breaker(breaker), trips, next_try, shifted_at)


def _tally(row: asyncpg.Record) -> Tally:
    return Tally(*(row[name] for name in Tally._fields))
