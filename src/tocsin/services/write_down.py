"""Writes down what came of messages: the ledger, lanes and told, threads, and addresses that are in trouble or dead.

What a provider took is written whoever says it; all else only of buckets that are still the attempt's own.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple

from tocsin.domain.channel import Accepted, Channel, Result, carried_by
from tocsin.domain.delivery import Reason, State
from tocsin.domain.errors import TooFast
from tocsin.domain.outline import Planned
from tocsin.domain.told import told_in_all
from tocsin.services.compose import thread_of
from tocsin.services.outcome import unheard_of
from tocsin.services.pacing import closings
from tocsin.services.way import Way
from tocsin.store import closed_gates, fallbacks, record, threads, trouble
from tocsin.store.closed_gates import Closing
from tocsin.store.engine import Connection
from tocsin.store.record import Heard, Unheard
from tocsin.store.trouble import Failed


class Came(NamedTuple):
    """What came of messages: those that were taken, how the others go on, and what the provider keeps shut now."""

    heard: list[Heard]
    unheard: list[Unheard]
    closings: dict[str, Closing]


def came_of(way: Way, by: Channel, planned: Sequence[Planned], results: Sequence[Result], now: float) -> Came:
    """Say what results come to; `by` is the channel as its provider carries it."""
    addresses = [message.rows[0].address for message in planned]
    came = Came([], [], closings(by, addresses, results, now))
    for message, result in zip(planned, results, strict=True):
        if isinstance(result, Accepted):
            came.heard.append(Heard(message, result.provider_id, result.code, result.thread, result.by))
        else:
            chance, known = random.random(), way.versions.by_id  # noqa: S311 - jitter
            within = way.channel.limits.reports_within
            unheard = unheard_of(message, result, now, way.patience, within, chance, known)
            blames = unheard.blames or (way.channel.limits.own_pace and isinstance(result, TooFast))
            came.unheard.append(unheard._replace(blames=blames))
    return came


async def write_down(way: Way, connection: Connection, provider: str, came: Came, ours: set[int], now: float) -> None:
    """Write it, `ours` being the buckets that are still this attempt's."""
    heard, unheard, closed = came
    takers = [one.by or name for one, name in zip(heard, _carriers(way, provider, heard), strict=True)]
    await record.write_heard(connection, heard, takers, now)
    left = {thread_of(one.message, way.versions.by_id): one.thread for one in heard if one.thread}
    await threads.write(connection, left)
    still_ours = [item for item in unheard if item.message.rows[0].bucket_id in ours]
    await record.write_unheard(connection, still_ours, _carriers(way, provider, still_ours), now)
    failed = [row for item in still_ours if item.state is State.FAILED for row in item.message.rows]
    await fallbacks.take_back(connection, failed)
    await fallbacks.owe(connection, failed)
    told = [*(item.message for item in heard), *(item.message for item in unheard if item.told)]
    ours_told = [message for message in told if message.rows[0].bucket_id in ours]
    await record.write_pace(connection, told_in_all(ours_told, way.versions.by_id), now)
    if way.channel.limits.disables:
        took = [item.message.rows[0].endpoint_id for item in heard]
        blamed = [Failed(item.message.rows[0].endpoint_id, item.note) for item in still_ours if item.blames]
        await trouble.write(connection, took, blamed, now)
    await closed_gates.close(connection, way.channel.name, closed)
    for reason, state in ((Reason.ADDRESS_DEAD, "quarantined"), (Reason.OPTED_OUT, "opted_out")):
        gone = [item for item in still_ours if item.reason is reason]
        await record.stop(connection, state, [g.message.rows[0].endpoint_id for g in gone], [g.note for g in gone])


def _carriers(way: Way, provider: str, items: Sequence[Heard | Unheard]) -> list[str]:
    return carried_by(way.channel, provider, [item.message.rows[0].address for item in items])
