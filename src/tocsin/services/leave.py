"""Leaving: one address, all of them, or everything that is known of somebody; what was agreed before stays evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.asking import seal
from tocsin.domain.endpoint import EndpointState
from tocsin.domain.opting_in import Evidence
from tocsin.services.change_subscriber import delete_subscriber
from tocsin.store import consents, forgetting, opt_ins, opt_out, suppressions
from tocsin.store.consents import Consent
from tocsin.store.subscribers import Endpoint, Subscriber


async def stop(
    connection: AsyncConnection, secret: str, who: Subscriber, endpoints: Sequence[Endpoint], how: str, network: str
) -> None:
    """Stop writing to some of a subscriber's addresses, and what is under way to them."""
    for endpoint in endpoints:
        if endpoint.state is EndpointState.OPTED_OUT:
            continue
        await opt_out.opt_out(connection, endpoint.id, "stopped by its owner")
        await consents.write(connection, _evidence(Evidence.WITHDRAWN, secret, who.public_id, endpoint, how, network))


async def start(connection: AsyncConnection, secret: str, who: Subscriber, endpoint: Endpoint, network: str) -> bool:
    """Write again to an address that its owner had stopped; whoever holds their link has proved that it is theirs."""
    if not await opt_out.opt_in(connection, endpoint.id):
        return False
    sealed = seal(secret, endpoint.channel, endpoint.key)
    await suppressions.lift(connection, endpoint.channel, sealed)
    await consents.write(connection, _evidence(Evidence.RETURNED, secret, who.public_id, endpoint, "page", network))
    return True


async def forget_me(
    connection: AsyncConnection, secret: str, who: Subscriber, network: str | None, by: str | None = None
) -> None:
    """Delete a person; `by`: an operator does it. Ledger rows keep their numbers; no import subscribes them again."""
    who = await delete_subscriber(connection, who.public_id)
    for endpoint in who.endpoints:
        sealed = seal(secret, endpoint.channel, endpoint.key)
        await opt_ins.forget_address(connection, sealed)
        await suppressions.add(connection, endpoint.channel, [sealed], "deleted")
        await forgetting.forget_notes(connection, endpoint.id, endpoint.bucket_id, endpoint.channel, endpoint.key)
        how = "page" if by is None else "operator"
        said = _evidence(Evidence.DELETED, secret, who.public_id, endpoint, how, network)
        await consents.write(connection, replace(said, by=by))


def _evidence(
    what: Evidence, secret: str, subscriber: str, endpoint: Endpoint, how: str, network: str | None
) -> Consent:
    return Consent(
        what,
        how,
        endpoint.channel,
        seal(secret, endpoint.channel, endpoint.key),
        subscriber=subscriber,
        endpoint=endpoint.public_id,
        network=network,
    )


async def keep_evidence_of(
    connection: AsyncConnection, secret: str, who: Subscriber, endpoint: Endpoint, how: str, network: str
) -> None:
    """Keep that an address agreed in another way than by a question: by answering a challenge."""
    await consents.write(connection, _evidence(Evidence.CONFIRMED, secret, who.public_id, endpoint, how, network))
