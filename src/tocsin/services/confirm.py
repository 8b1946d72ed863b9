"""Takes the yes of whoever is at an address: they join, add an address, move to it, or come back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.audience import Audiences
from tocsin.domain.channel import ChannelName
from tocsin.domain.endpoint import EndpointState
from tocsin.domain.ids import new_public_id
from tocsin.domain.opting_in import Evidence, OptIn, Outcome, Purpose
from tocsin.domain.subscriber import NewEndpoint, NewSubscriber, Preference
from tocsin.services.free_receiver import free_receiver
from tocsin.services.wanted import read_wanted
from tocsin.store import choices, consents, enlist, links, opt_ins, persons, suppressions
from tocsin.store import subscribers as store
from tocsin.store.choices import Known
from tocsin.store.consents import Consent
from tocsin.store.persons import Person


class Became(StrEnum):
    """What a yes has changed."""

    SUBSCRIBED = "subscribed"
    NOTHING = "nothing"  # they heard from us there already
    BACK = "back"
    ADDED = "added"
    MOVED = "moved"
    TAKEN = "taken"  # the address belongs to another subscription
    GONE = "gone"  # what it was for is not there any more


@dataclass(frozen=True, slots=True)
class Confirmed:
    """`subscriber_id` may be shown what they chose; None where there is nobody to show anything to."""

    became: Became
    subscriber_id: int | None


@dataclass(frozen=True, slots=True)
class Consenting:
    """Whoever says yes: how, and from which network."""

    how: str
    network: str


async def confirm(
    connection: AsyncConnection, opt_in: OptIn, audiences: Audiences, audience: str, who: Consenting
) -> Confirmed:
    """Take the yes to a question that is locked and open."""
    there = await persons.by_address(connection, opt_in.channel, opt_in.key)
    match opt_in.purpose:
        case Purpose.JOIN:
            done = await _join(connection, opt_in, there, audiences, audience)
        case Purpose.ADD:
            done = await _add(connection, opt_in, there, audiences)
        case Purpose.MOVE:
            done = await _move(connection, opt_in, there)
        case Purpose.RETURN:
            done = await _return(connection, opt_in)
    await opt_ins.settle(connection, opt_in.id, Outcome.CONFIRMED)
    await suppressions.lift(connection, opt_in.channel, opt_in.seal)
    after = await persons.by_address(connection, opt_in.channel, opt_in.key)
    await _keep_evidence(connection, opt_in, after, who)
    return done


async def deny(connection: AsyncConnection, opt_in: OptIn, who: Consenting) -> None:
    """Take the no of somebody who did not ask: no stranger can have us write to this address again."""
    await opt_ins.settle(connection, opt_in.id, Outcome.NOT_ME)
    await suppressions.add(connection, opt_in.channel, [opt_in.seal], "not_me")
    await consents.write(
        connection,
        Consent(Evidence.NOT_ME, who.how, opt_in.channel, opt_in.seal, network=who.network, wording=opt_in.wording),
    )


async def allow_again(connection: AsyncConnection, opt_in: OptIn) -> None:
    """Take a no back."""
    await opt_ins.settle(connection, opt_in.id, None)
    await suppressions.lift(connection, opt_in.channel, opt_in.seal)


async def _join(
    connection: AsyncConnection,
    opt_in: OptIn,
    there: Person | None,
    audiences: Audiences,
    audience: str,
) -> Confirmed:
    wanted = read_wanted(opt_in.wanted)
    known = await choices.known(
        connection, set(wanted.preference.components or ()), set(wanted.preference.groups or ())
    )
    preference = _with_what_is_there(wanted.preference, known)
    receivers: tuple[NewEndpoint, ...] = ()
    if wanted.webhook and await free_receiver(
        connection, wanted.webhook, None if there is None else there.subscriber_id
    ):
        receivers = (
            NewEndpoint(ChannelName.WEBHOOK, wanted.webhook, wanted.webhook, EndpointState.UNCONFIRMED, preference),
        )
    if there is not None:
        for receiver in receivers:
            await add_endpoint(connection, there.subscriber_id, receiver, audiences, known)
        back = wanted.mail_too and await persons.activate(connection, there.endpoint_id)
        return Confirmed(Became.BACK if back else Became.NOTHING, there.subscriber_id)
    # Who wants calls and no mail gets mail about the calls alone.
    state = EndpointState.PAUSED if wanted.webhook and not wanted.mail_too else EndpointState.ACTIVE
    endpoints = (NewEndpoint(opt_in.channel, opt_in.address, opt_in.key, state, preference), *receivers)
    mask = audiences.mask([audience or audiences.widest.name])
    who = NewSubscriber("", opt_in.locale, wanted.time_zone, mask, endpoints)
    made = new_public_id()
    await enlist.insert(connection, [enlist.Newcomer(made, who, audiences.narrowest(mask).rank)], known)
    found = await store.find(connection, made)
    assert found is not None
    return Confirmed(Became.SUBSCRIBED, found.id)


async def _add(connection: AsyncConnection, opt_in: OptIn, there: Person | None, audiences: Audiences) -> Confirmed:
    assert opt_in.subscriber_id is not None
    if there is not None:
        if there.subscriber_id != opt_in.subscriber_id:
            return Confirmed(Became.TAKEN, there.subscriber_id)
        changed = await persons.activate(connection, there.endpoint_id)
        return Confirmed(Became.BACK if changed else Became.NOTHING, there.subscriber_id)
    wanted = read_wanted(opt_in.wanted)
    known = await choices.known(
        connection, set(wanted.preference.components or ()), set(wanted.preference.groups or ())
    )
    endpoint = NewEndpoint(
        opt_in.channel,
        opt_in.address,
        opt_in.key,
        EndpointState.ACTIVE,
        _with_what_is_there(wanted.preference, known),
    )
    await add_endpoint(connection, opt_in.subscriber_id, endpoint, audiences, known)
    return Confirmed(Became.ADDED, opt_in.subscriber_id)


async def add_endpoint(
    connection: AsyncConnection,
    subscriber_id: int,
    endpoint: NewEndpoint,
    audiences: Audiences,
    known: Known,
) -> None:
    """Write one more endpoint of a subscriber."""
    mask = await persons.audiences_of(connection, subscriber_id)
    joining = enlist.Joining(subscriber_id, mask, audiences.narrowest(mask).rank, endpoint)
    await enlist.insert_endpoints(connection, [joining], known)


async def _move(connection: AsyncConnection, opt_in: OptIn, there: Person | None) -> Confirmed:
    assert opt_in.endpoint_id is not None
    if there is not None and there.endpoint_id != opt_in.endpoint_id:
        return Confirmed(Became.TAKEN, there.subscriber_id)
    await persons.move(connection, opt_in.endpoint_id, opt_in.address, opt_in.key)
    if opt_in.subscriber_id is not None:
        await links.end_all(connection, opt_in.subscriber_id)  # whoever reads at the old address has one
    return Confirmed(Became.MOVED, opt_in.subscriber_id)


async def _return(connection: AsyncConnection, opt_in: OptIn) -> Confirmed:
    assert opt_in.endpoint_id is not None
    found = await persons.by_endpoint(connection, opt_in.endpoint_id)
    if found is None or found.key != opt_in.key:
        return Confirmed(Became.GONE, None)
    changed = await persons.activate(connection, opt_in.endpoint_id)
    return Confirmed(Became.BACK if changed else Became.NOTHING, opt_in.subscriber_id)


def _with_what_is_there(preference: Preference, known: Known) -> Preference:
    """Leave out what was deleted since; who chose nothing else hears of everything rather than of nothing."""
    return replace(
        preference,
        components=tuple(slug for slug in preference.components or () if slug in known.components) or None,
        groups=tuple(slug for slug in preference.groups or () if slug in known.groups) or None,
    )


async def _keep_evidence(connection: AsyncConnection, opt_in: OptIn, there: Person | None, who: Consenting) -> None:
    subscriber = None if there is None else there.subscriber
    endpoint = None if there is None else there.endpoint
    await consents.write(
        connection,
        Consent(
            Evidence.ASKED,
            "page",
            opt_in.channel,
            opt_in.seal,
            network=opt_in.network,
            wording=opt_in.wording,
            at=opt_in.created_at,
            subscriber=subscriber,
            endpoint=endpoint,
        ),
        Consent(
            Evidence.CONFIRMED,
            who.how,
            opt_in.channel,
            opt_in.seal,
            network=who.network,
            wording=opt_in.wording,
            subscriber=subscriber,
            endpoint=endpoint,
        ),
    )
