"""The record of what was changed about providers: each change, its reason, and the operator who made it, for good."""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

from tocsin.domain.channel import ChannelName
from tocsin.domain.judge import STILL_SECONDS, Judgement
from tocsin.domain.provider import Condition
from tocsin.store.engine import Connection

# The change that had it used or not, as it is now; tries in between change nothing about that.
_TURNED: Final = """CASE WHEN p.wish <> 'auto' THEN c.what = 'state'
  WHEN p.breaker = 'closed' THEN c.what = 'state' OR (c.what, c.after) = ('breaker', 'closed')
  ELSE (c.what, c.before) = ('breaker', 'closed') END"""


class Changed(NamedTuple):
    """One change as it is on record; `by` is an operator, None where health decided."""

    at: datetime
    what: str
    before: str
    after: str
    why: str
    by: str | None


async def put_on_record(
    connection: Connection, channel: ChannelName, before: Condition, judgement: Judgement, by: str | None
) -> None:
    """Write what is changed by a judgement; a stopped provider that still fails is written of now and then."""
    after = judgement.condition
    changes = [
        (what, _said(old), _said(new))
        for what, old, new in (
            ("weight", before.weight, after.weight),
            ("state", before.wish, after.wish),
            ("breaker", before.breaker, after.breaker),
            ("health", before.health, after.health),
        )
        if old != new
    ]
    if not changes and after.trips > before.trips and await _is_long_silent(connection, channel, after.provider):
        changes = [("breaker", _said(before.breaker), _said(after.breaker))]  # it was asked, and stays as it is
    await connection.executemany(
        """
        INSERT INTO provider_change (channel, provider, what, before, after, why, by)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        """,
        [(channel, after.provider, *change, judgement.why, by) for change in changes],
    )


async def _is_long_silent(connection: Connection, channel: ChannelName, name: str) -> bool:
    """Tell whether nothing has been put on record about a provider for so long that what goes on is news again."""
    return bool(
        await connection.fetchval(
            """
            SELECT coalesce((SELECT at FROM provider_change WHERE channel = $1 AND provider = $2
              ORDER BY id DESC LIMIT 1) < tocsin_now() - make_interval(secs => $3), true)
            """,
            channel,
            name,
            STILL_SECONDS,
        )
    )


async def newest_changes(connection: Connection, channel: ChannelName, each: int = 10) -> dict[str, list[Changed]]:
    """Return the newest changes of each provider of a channel, the newest first."""
    return await _changes(connection, channel, "true", each)


async def turning_points(connection: Connection, channel: ChannelName) -> dict[str, Changed]:
    """Return for each provider of a channel the change since which messages go to it, or do not."""
    found = await _changes(connection, channel, _TURNED, 1)
    return {provider: change for provider, [change] in found.items()}


async def _changes(connection: Connection, channel: ChannelName, which: str, each: int) -> dict[str, list[Changed]]:
    rows = await connection.fetch(
        f"""
        SELECT c.provider, c.at, c.what, c.before, c.after, c.why, c.by
        FROM provider p, LATERAL (
          SELECT * FROM provider_change c WHERE channel = p.channel AND provider = p.name AND {which}
          ORDER BY id DESC LIMIT $2) c
        WHERE p.channel = $1
        """,
        channel,
        each,
    )
    found: dict[str, list[Changed]] = {}
    for provider, *change in map(tuple, rows):
        found.setdefault(provider, []).append(Changed(*change))
    return found


def _said(value: object) -> str:
    return "as configured" if value is None else str(value)
