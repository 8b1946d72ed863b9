"""Webhooks on the manage page: a receiver is added, asked by a challenge, and its signing secret is shown once."""

from __future__ import annotations

from typing import Final

from limits import RateLimitItemPerHour

from tocsin.domain.channel import ChannelName
from tocsin.domain.endpoint import EndpointState
from tocsin.domain.errors import Conflict, NotFound
from tocsin.domain.signing import signing_secret
from tocsin.domain.subscriber import NewEndpoint, Preference
from tocsin.services.address import Address
from tocsin.services.challenge import challenge
from tocsin.services.choose import chosen
from tocsin.services.confirm import add_endpoint
from tocsin.services.free_receiver import free_receiver
from tocsin.services.leave import keep_evidence_of
from tocsin.services.rotate_secret import rotate_secret
from tocsin.store import choices, secrets
from tocsin.store.engine import begin
from tocsin.web.pages.manage_doing import Doing
from tocsin.web.pages.manage_view import Notes

# Each one has us call an address that somebody typed.
_PER_SUBSCRIBER: Final = RateLimitItemPerHour(10)


async def add_receiver(doing: Doing, address: Address) -> Notes:
    """Add a receiver that hears what the first address does, once it has answered."""
    first = doing.who.endpoints[0] if doing.who.endpoints else None
    async with begin(doing.site.engine) as connection:
        if not await free_receiver(connection, address.key, doing.who.id):
            return Notes(problem="taken", fields={"channel": "webhook", "address": address.written})
        preference = chosen(first) if first else None
        known = await choices.known(
            connection,
            set((preference and preference.components) or ()),
            set((preference and preference.groups) or ()),
        )
        made = NewEndpoint(
            ChannelName.WEBHOOK,
            address.written,
            address.key,
            EndpointState.UNCONFIRMED,
            preference or Preference(),
        )
        await add_endpoint(connection, doing.who.id, made, doing.site.audiences, known)
    return Notes(done="added")


async def challenge_receiver(doing: Doing) -> Notes:
    """Ask a receiver whether it wants our calls; show its secret once it has said so."""
    endpoint = doing.endpoint
    if endpoint.channel != ChannelName.WEBHOOK:
        raise NotFound("This address is no receiver that could be asked.")
    if endpoint.state is EndpointState.ACTIVE:
        return Notes(done="back")
    if not await doing.site.tries.hit(_PER_SUBSCRIBER, "challenge", doing.who.public_id):
        return Notes(problem="challenges")
    site = doing.site
    try:
        await challenge(site.engine, site.channels, doing.secret, doing.who.public_id, endpoint.public_id)
    except Conflict:
        return Notes(problem="mute-receiver")
    async with begin(site.engine) as connection:
        await keep_evidence_of(connection, doing.secret, doing.who, endpoint, "challenge", doing.network)
        found = await secrets.find(connection, doing.who.public_id, endpoint.public_id)
    assert found is not None, "it has just answered"
    return Notes(done="answered", secret=signing_secret(doing.secret, found.id, found.secret_version))


async def rotate(doing: Doing) -> Notes:
    """Give a receiver a new secret and show it; the one before counts for another day."""
    site = doing.site
    async with begin(site.engine) as connection:
        made = await rotate_secret(
            connection, site.channels, doing.secret, doing.who.public_id, doing.endpoint.public_id
        )
    return Notes(done="chosen", secret=made)
