"""Keeps nobody from their own receiver: one that a stranger wrote down and that never answered is nobody's."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.channel import ChannelName
from tocsin.domain.endpoint import EndpointState
from tocsin.services.remove import remove_endpoint
from tocsin.store import persons


async def free_receiver(connection: AsyncConnection, key: str, subscriber_id: int | None) -> bool:
    """Tell whether a subscriber (None: somebody new) may add the receiver `key`; a stranger's unconfirmed one goes."""
    there = await persons.by_address(connection, ChannelName.WEBHOOK, key)
    if there is None:
        return True
    if there.state is not EndpointState.UNCONFIRMED or there.subscriber_id == subscriber_id:
        return False
    await remove_endpoint(connection, there.subscriber, there.endpoint)
    return True
