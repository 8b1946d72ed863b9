"""Browsers that subscribed by themselves, found by where their push service listens for them."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.channel import ChannelName
from tocsin.domain.endpoint import EndpointState
from tocsin.domain.subscription import Subscription


class Kept(NamedTuple):
    """An endpoint; `address` is the subscription as it was written."""

    id: int
    address: str
    state: EndpointState


async def find(connection: AsyncConnection, subscription: Subscription) -> Kept | None:
    """Return the endpoint that a subscription's messages go to, locked until the transaction ends."""
    found = await connection.execute(
        text("""
            SELECT id, address, state::text FROM endpoint WHERE channel = :channel AND address_key = :key FOR UPDATE
        """),
        {"channel": ChannelName.PUSH, "key": subscription.endpoint},
    )
    row = found.one_or_none()
    return None if row is None else Kept(row.id, row.address, EndpointState(row.state))


async def activate(connection: AsyncConnection, endpoint: int) -> None:
    await connection.execute(
        text("""
            UPDATE endpoint SET state = 'active', state_reason = NULL, updated_at = tocsin_now()
            WHERE id = :endpoint AND state <> 'active'
        """),
        {"endpoint": endpoint},
    )


async def move(connection: AsyncConnection, endpoint: int, to: Subscription) -> None:
    """Write to another subscription of the same browser from now on; who had opted out stays so."""
    await connection.execute(
        text("""
            UPDATE endpoint SET address = :address, address_key = :key, updated_at = tocsin_now(),
              state_reason = CASE WHEN state = 'quarantined' THEN NULL ELSE state_reason END,
              state = CASE WHEN state = 'quarantined' THEN 'active' ELSE state END
            WHERE id = :endpoint
        """),
        {"endpoint": endpoint, "address": to.written, "key": to.endpoint},
    )
