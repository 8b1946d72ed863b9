"""Writes what can be written of what came of messages, where the database refuses some of it for good.

A message that is refused is written without what its provider said; where even that is refused it is labelled as
unknown, so that it is sent once more at the most and not without a label.
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from tocsin.domain.channel import carries_all
from tocsin.services.outcome import UNKNOWN_WAIT_SECONDS
from tocsin.services.way import Way
from tocsin.services.write_down import Came, write_down
from tocsin.store import silence
from tocsin.store.engine import REFUSED, Connection, in_short
from tocsin.store.record import Heard, Unheard
from tocsin.store.silence import Sent

log = structlog.get_logger()


async def write_piecemeal(
    way: Way, connection: Connection, provider: str, came: Came, ours: set[int], now: float
) -> None:
    """Write what came of messages within the caller's transaction, half by half where something is refused."""

    async def write(items: Sequence[Heard | Unheard]) -> None:
        heard = [item for item in items if isinstance(item, Heard)]
        unheard = [item for item in items if isinstance(item, Unheard)]
        await write_down(way, connection, provider, Came(heard, unheard, came.closings), ours, now)

    async def halve(items: Sequence[Heard | Unheard]) -> None:
        try:
            async with connection.transaction():
                await write(items)
        except REFUSED as error:
            if len(items) == 1:
                await refused(items[0], error)
                return
            middle = len(items) // 2
            await halve(items[:middle])
            await halve(items[middle:])

    async def refused(item: Heard | Unheard, error: Exception) -> None:
        rows = [row for row in item.message.rows if row.bucket_id in ours]
        updates, endpoint = [row.update_id for row in item.message.rows], item.message.rows[0].endpoint_id
        about = log.bind(channel=way.channel.name, endpoint=endpoint, updates=updates, error=in_short(error))
        try:
            async with connection.transaction():
                await write([_without_words(item)])
            about.error("row.written_without_words")
        except REFUSED:
            try:
                async with connection.transaction():
                    sent = [Sent(row.bucket_id, row.endpoint_id, row.update_id, item.message.message) for row in rows]
                    due_at = now + max(UNKNOWN_WAIT_SECONDS, way.channel.limits.reports_within)
                    await silence.label_unknown(connection, sent, carries_all(way.channel, provider), due_at)
                about.critical("row.refused")
            except REFUSED:
                about.critical("row.refused_altogether")

    await halve([*came.heard, *came.unheard])


def _without_words(item: Heard | Unheard) -> Heard | Unheard:
    if isinstance(item, Heard):
        return item._replace(provider_id="", code=None, thread="")
    return item._replace(code=None, note="")
