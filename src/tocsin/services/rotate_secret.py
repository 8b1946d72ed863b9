"""Gives an endpoint a new signing secret; for a day calls are signed with the one before as well."""

from __future__ import annotations

from collections.abc import Mapping

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.channel import Channel, ChannelName
from tocsin.domain.errors import Conflict
from tocsin.domain.signing import signing_secret
from tocsin.services.challenge import find_endpoint
from tocsin.store import secrets as store

log = structlog.get_logger()


async def rotate_secret(
    connection: AsyncConnection, channels: Mapping[ChannelName, Channel], secret: str, subscriber: str, endpoint: str
) -> str:
    """Return the endpoint's new secret, which nobody can read again; `secret` is the installation's own."""
    found = await find_endpoint(connection, subscriber, endpoint)
    if not signs(channels, found.channel):
        raise Conflict(f"Messages on the channel {found.channel} are not signed.")
    version = await store.rotate(connection, found.id)
    log.info("endpoint.secret_rotated", endpoint=found.public_id)
    return signing_secret(secret, found.id, version)


def signs(channels: Mapping[ChannelName, Channel], name: ChannelName) -> bool:
    """Tell whether messages on the channel `name` are signed with the endpoint's own secret."""
    channel = channels.get(name)
    return channel is not None and channel.limits.signs
