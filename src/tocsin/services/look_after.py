"""What operators do for one subscriber at the console: in the caller's transaction, and with who did it on record."""

from __future__ import annotations

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.asking import Bound, seal
from tocsin.domain.channel import ChannelName
from tocsin.domain.endpoint import EndpointState
from tocsin.domain.errors import Conflict
from tocsin.domain.opting_in import Purpose
from tocsin.sections import Subscribe
from tocsin.services.address import Address
from tocsin.services.ask import Asker, Question, ask, ask_again
from tocsin.services.choose import locked
from tocsin.services.choose import pause as hold
from tocsin.services.honour_opt_outs import keep_opt_outs, keep_withdrawal
from tocsin.services.leave import forget_me
from tocsin.services.remove import remove_endpoint
from tocsin.store import links, opt_ins, opt_out, persons
from tocsin.store.subscribers import Endpoint, Subscriber

log = structlog.get_logger()

# Whoever is there answers a question by a link or a code; receivers answer challenges, and browsers nothing.
ASKED_THERE = frozenset({ChannelName.EMAIL, ChannelName.SMS, ChannelName.CHAT})
LIFTED = frozenset({EndpointState.QUARANTINED, EndpointState.PAUSED})
UNSURE = frozenset({EndpointState.UNCONFIRMED, EndpointState.QUARANTINED})


async def lift(connection: AsyncConnection, who: Subscriber, endpoint: Endpoint, by: str) -> None:
    """Write again to an address in quarantine, or to one that was paused; raise Conflict for any other."""
    there = await locked(connection, who.public_id, endpoint.public_id)
    if there.state not in LIFTED:
        raise Conflict(f"This address is {there.state.replace('_', ' ')}: there is nothing to lift.")
    await persons.activate(connection, endpoint.id)
    log.info("endpoint.lifted", endpoint=endpoint.public_id, before=there.state, by=by)


async def ask_there(
    connection: AsyncConnection,
    settings: Subscribe,
    secret: str,
    who: Subscriber,
    endpoint: Endpoint,
    asker: Asker,
    by: str,
) -> Bound | None:
    """Ask whoever is at an address whether they want to hear from us, once more where they were; say what bounds it."""
    if endpoint.state not in UNSURE or endpoint.channel not in ASKED_THERE:
        raise Conflict("Nobody is asked at this address: it is confirmed, or answers no questions.")
    log.info("endpoint.asked", endpoint=endpoint.public_id, by=by)
    for waiting in await opt_ins.of_subscriber(connection, who.id):
        if (waiting.channel, waiting.key) == (endpoint.channel, endpoint.key):
            return await ask_again(connection, settings, waiting, asker)
    address = Address(endpoint.address, endpoint.key)
    question = Question(Purpose.RETURN, ChannelName(endpoint.channel), address, {}, who.id, endpoint.id)
    return await ask(connection, settings, secret, question, asker)


async def stop(connection: AsyncConnection, secret: str, who: Subscriber, endpoint: Endpoint, by: str) -> None:
    """Opt an address out, and end what is under way to it; whoever is there alone can take that back."""
    if endpoint.state is EndpointState.OPTED_OUT:
        return
    await opt_out.opt_out(connection, endpoint.id, "stopped by an operator")
    sealed = seal(secret, endpoint.channel, endpoint.key)
    await keep_withdrawal(connection, who, endpoint, sealed, by)
    log.info("endpoint.stopped", endpoint=endpoint.public_id, by=by)


async def remove(connection: AsyncConnection, secret: str, who: Subscriber, endpoint: Endpoint, by: str) -> None:
    """Remove an address; where its owner had opted out, that stays known."""
    await keep_opt_outs(connection, secret, [endpoint])
    await remove_endpoint(connection, who.public_id, endpoint.public_id)
    await links.end_all(connection, who.id)  # whoever reads there has one
    log.info("endpoint.removed", endpoint=endpoint.public_id, by=by)


async def pause(connection: AsyncConnection, who: Subscriber, until: float | None, by: str) -> None:
    """Hold everything for somebody until a moment; None: go on, and what changed meanwhile is told."""
    await hold(connection, who.public_id, until)
    log.info("subscriber.paused" if until else "subscriber.resumed", subscriber=who.public_id, until=until, by=by)


async def delete(connection: AsyncConnection, secret: str, who: Subscriber, by: str) -> None:
    """Delete a person and what is known of them, as they may themselves; the evidence says which operator did."""
    await forget_me(connection, secret, who, None, by)
    log.info("subscriber.deleted", subscriber=who.public_id, by=by)
