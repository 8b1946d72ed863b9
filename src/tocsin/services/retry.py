"""Tries again what failed, when an operator says that the cause is mended."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.channel import ChannelName
from tocsin.domain.endpoint import EndpointState
from tocsin.domain.errors import Conflict
from tocsin.store import moving, retrying
from tocsin.store.ledger import Delivery
from tocsin.store.moving import Locked
from tocsin.store.retrying import Candidate


class Retried(NamedTuple):
    """`left` were not tried again: something newer took their place, or their address is no longer written to."""

    n: int
    left: int
    channels: frozenset[ChannelName]


async def retry_delivery(connection: AsyncConnection, delivery: Delivery) -> Retried:
    """Make one failed, bounced or expired row due now; raise Conflict where that would be wrong."""
    rows, locked = await _locked(
        connection, lambda: retrying.of_row(connection, delivery.update_id, delivery.endpoint_id)
    )
    if not rows:
        raise Conflict(f"This delivery is {delivery.state}. Only what failed, bounced or expired can be tried again.")
    [row] = rows
    refusal = _refusal(row, leased=locked[row.home].leased)
    if refusal is not None:
        raise Conflict(refusal)
    return Retried(await retrying.retry(connection, rows), 0, frozenset({row.channel}))


async def retry_all(connection: AsyncConnection, incident_id: int, states: list[str]) -> Retried:
    """Make every row of an incident in `states` due now that can be."""
    found, locked = await _locked(connection, lambda: retrying.of_incident(connection, incident_id, states))
    rows = [row for row in found if _refusal(row, leased=locked[row.home].leased) is None]
    n = await retrying.retry(connection, rows)
    return Retried(n, len(found) - n, frozenset(row.channel for row in rows))


async def _locked(
    connection: AsyncConnection, look: Callable[[], Awaitable[list[Candidate]]]
) -> tuple[list[Candidate], dict[int, Locked]]:
    """Return what `look` finds once the bucket of each is locked: slow addresses may go elsewhere until then."""
    locked: dict[int, Locked] = {}
    rows = await look()
    while buckets := {bucket for row in rows for bucket in (row.bucket_id, row.home)} - locked.keys():
        locked |= await moving.lock(connection, buckets)
        rows = await look()
    return rows, locked


def _refusal(row: Candidate, *, leased: bool) -> str | None:
    if row.superseded:
        return "A newer update is meant for this endpoint, and it hears that one. Nobody hears an older one after it."
    if row.endpoint_state is None:
        return "This subscriber was deleted. There is nobody to write to."
    if row.endpoint_state != EndpointState.ACTIVE:
        return f"The address is {row.endpoint_state}. Make it active with PATCH /v1/subscribers/{{id}} first."
    if leased:
        return "A worker is writing to this endpoint's neighbours. Try again in some seconds."
    return None
