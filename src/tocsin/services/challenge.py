"""Confirms an endpoint by asking whoever is there: nobody is called who did not say that they want it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from tocsin.domain.channel import ChannelName
from tocsin.domain.endpoint import EndpointState
from tocsin.domain.errors import Conflict, DeliveryError, NotFound
from tocsin.domain.signing import signing_secret
from tocsin.store import secrets as store
from tocsin.store.engine import begin
from tocsin.store.secrets import Signed

log = structlog.get_logger()


@runtime_checkable
class Challenger(Protocol):
    """A channel whose endpoints can answer for themselves."""

    async def challenge(self, url: str, secret: str) -> bool:
        """Tell whether `url` repeats what it is sent; raise DeliveryError where no answer came."""
        ...


async def challenge(
    engine: AsyncEngine, channels: Mapping[ChannelName, object], secret: str, subscriber: str, endpoint: str
) -> None:
    """Make an endpoint active, or active again after quarantine, that answers its challenge.

    Raise Conflict, saying why, where it does not.

    `secret` is the installation's own. No transaction is open while the receiver thinks.
    """
    async with begin(engine) as connection:
        found = await find_endpoint(connection, subscriber, endpoint)
    if found.state is EndpointState.ACTIVE:
        return
    if found.state not in {EndpointState.UNCONFIRMED, EndpointState.QUARANTINED}:
        if found.state is EndpointState.OPTED_OUT:
            raise Conflict("Its owner opted it out. It stays so until they opt in again.")
        raise Conflict(f"This endpoint is {found.state}. PATCH its subscriber to make it active.")
    await _ask(channels.get(found.channel), found, secret)
    async with begin(engine) as connection:
        if not await store.confirm(connection, found):
            raise Conflict("The endpoint was changed while its receiver was asked. Look at it, and ask again.")
    log.info("endpoint.confirmed", endpoint=found.public_id, channel=found.channel)


async def _ask(channel: object, endpoint: Signed, secret: str) -> None:
    if not isinstance(channel, Challenger):
        raise Conflict(f"Endpoints on the channel {endpoint.channel} are not confirmed by a challenge.")
    key = signing_secret(secret, endpoint.id, endpoint.secret_version)
    try:
        repeated = await channel.challenge(endpoint.address, key)
    except DeliveryError as error:
        raise Conflict(f"The receiver did not take the challenge. {error.note} Mend that and ask again.") from error
    if not repeated:
        raise Conflict(
            "The receiver answered without repeating the challenge. It has to answer a call of the type "
            'endpoint.challenge with {"challenge": "<the word that came>"}.'
        )


async def find_endpoint(connection: AsyncConnection, subscriber: str, endpoint: str) -> Signed:
    """Return the endpoint; raise NotFound where there is none of that name."""
    found = await store.find(connection, subscriber, endpoint)
    if found is None:
        raise NotFound(f"There is no endpoint {endpoint!r} of a subscriber {subscriber!r}.")
    return found
