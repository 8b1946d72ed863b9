"""Changes and deletes subscribers, without losing or doubling what they are owed at that moment."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from tocsin.domain.audience import Audiences
from tocsin.domain.endpoint import EndpointState
from tocsin.domain.errors import Conflict, NotFound
from tocsin.domain.fallback import fallbacks
from tocsin.domain.subscriber import NewEndpoint, NewSubscriber
from tocsin.services import honour_opt_outs
from tocsin.services.honour_opt_outs import Left, writes_again
from tocsin.services.subscribe import Duplicate, known_to, refusal, taken
from tocsin.store import choices, enlist, moving
from tocsin.store import subscribers as store
from tocsin.store.choices import Known
from tocsin.store.engine import begin
from tocsin.store.placing import place
from tocsin.store.subscribers import Endpoint, Subscriber

_TRIES: Final = 20
_WAIT_SECONDS: Final = 0.25


@dataclass(frozen=True, slots=True)
class ChangedEndpoint:
    """How an endpoint is to be; `state` is what was asked for by name: None where nothing was, or `confirmed` alone."""

    wanted: NewEndpoint
    state: EndpointState | None

    @property
    def target(self) -> EndpointState | None:
        return self.state or (EndpointState.ACTIVE if self.wanted.state is EndpointState.ACTIVE else None)


@dataclass(frozen=True, slots=True)
class Changes:
    """What to change, by whom; None: leave it. `endpoints` are all that there shall be: any other is removed."""

    name: str | None = None
    locale: str | None = None
    time_zone: str | None = None
    audiences: int | None = None
    endpoints: tuple[ChangedEndpoint, ...] | None = None
    by: str = ""


class _InUse(Exception):
    """A worker is writing to them, or an update's rows are being written: they cannot be moved this moment."""


async def change_subscriber(
    engine: AsyncEngine, secret: str, public_id: str, changes: Changes, audiences: Audiences
) -> Subscriber:
    """Change a subscriber and return them; raise Conflict where an address is taken, or they stay in use too long.

    `secret` is the installation's own.
    """
    for _ in range(_TRIES):
        try:
            async with begin(engine) as connection:
                return await _change(connection, secret, public_id, changes, audiences)
        except _InUse:
            await asyncio.sleep(_WAIT_SECONDS)
        except IntegrityError as error:
            raise Conflict("Somebody took one of these addresses this very moment. Look again.") from error
    raise Conflict("They are being written to right now. Nothing was changed; try again in some seconds.")


async def delete_subscriber(connection: AsyncConnection, public_id: str) -> Subscriber:
    """Delete a subscriber and return them as they were; what they heard stays, what they are owed is cancelled."""
    found = await _locked(connection, public_id)
    places = await moving.lock_places(connection, [endpoint.id for endpoint in found.endpoints])
    found = replace(found, endpoints=tuple(replace(one, bucket_id=places[one.id]) for one in found.endpoints))
    await _remove(connection, found.endpoints)
    await store.delete(connection, found.id)
    return found


async def show_subscriber(connection: AsyncConnection, public_id: str) -> Subscriber:
    found = await store.find(connection, public_id)
    if found is None:
        raise no_subscriber(public_id)
    return found


def no_subscriber(public_id: str) -> NotFound:
    return NotFound(f"There is no subscriber {public_id!r}. GET /v1/subscribers lists them.")


async def _locked(connection: AsyncConnection, public_id: str) -> Subscriber:
    found = await store.find(connection, public_id, lock=True)
    if found is None:
        raise no_subscriber(public_id)
    return found


async def _change(
    connection: AsyncConnection, secret: str, public_id: str, changes: Changes, audiences: Audiences
) -> Subscriber:
    before = await _locked(connection, public_id)
    after = replace(
        before,
        name=before.name if changes.name is None else changes.name,
        locale=changes.locale or before.locale,
        time_zone=changes.time_zone or before.time_zone,
        audiences=changes.audiences or before.audiences,
    )
    if changes.endpoints is not None or after.audiences != before.audiences:
        rank = audiences.narrowest(after.audiences).rank
        channels = {one.channel for one in before.endpoints} | {one.wanted.channel for one in changes.endpoints or ()}
        # All at once, so that nobody who locks in the same order waits for us in a circle.
        locked = await moving.lock(
            connection, {one.bucket_id for one in before.endpoints}, [(channel, rank) for channel in sorted(channels)]
        )
        if await moving.places(connection, [one.id for one in before.endpoints]) != {
            one.id: one.bucket_id for one in before.endpoints
        }:
            raise _InUse  # slow addresses were moved until their bucket was locked
        staying = before.endpoints
        if changes.endpoints is not None:
            staying = await _set_endpoints(connection, secret, after, changes.endpoints, rank, changes.by)
        await _place_anew(connection, staying, rank, locked)
    await store.change(connection, after)
    return await show_subscriber(connection, public_id)


async def _set_endpoints(
    connection: AsyncConnection, secret: str, who: Subscriber, changed: Sequence[ChangedEndpoint], rank: int, by: str
) -> tuple[Endpoint, ...]:
    """Remove, change and add endpoints; return those that were there before and stay."""
    whole = NewSubscriber(who.name, who.locale, who.time_zone, who.audiences, tuple(one.wanted for one in changed))
    known = await known_to(connection, [whole])
    there = {one.public_id: (one.channel, one.key) for one in who.endpoints}
    kept = {
        name: place for name, place in there.items() if place in {(one.channel, one.key) for one in whole.endpoints}
    }
    refused = refusal(whole, known, kept)
    if refused is not None:
        raise refused
    for address, owner in (await enlist.taken(connection, whole.endpoints)).items():
        if owner.subscriber_id != who.id:
            raise taken(Duplicate(owner.public_id, address[1], owner.has_left))

    wanted = {(one.wanted.channel, one.wanted.key): one for one in changed}
    left = await _who_left(connection, who, changed)
    leaving = [one for one in who.endpoints if (one.channel, one.key) not in wanted]
    await honour_opt_outs.keep_opt_outs(connection, secret, leaving)
    await _remove(connection, leaving)
    staying = [one for one in who.endpoints if (one.channel, one.key) in wanted]
    for endpoint in staying:
        one = wanted.pop((endpoint.channel, endpoint.key))
        await _rewrite(connection, endpoint, one, known, is_back=one.wanted.seal in left)
        if one.target is EndpointState.OPTED_OUT is not endpoint.state:
            await honour_opt_outs.keep_withdrawal(connection, who, endpoint, one.wanted.seal, by)
    joining = [
        enlist.Joining(who.id, who.audiences, rank, replace(one.wanted, state=one.state or one.wanted.state))
        for one in wanted.values()
    ]
    await enlist.insert_endpoints(connection, joining, known)
    await choices.fall_back(connection, fallbacks(whole.endpoints, kept))
    for one in changed:
        await honour_opt_outs.keep_word(connection, who.public_id, one.wanted, left)
    return tuple(staying)


async def _who_left(
    connection: AsyncConnection, who: Subscriber, changed: Sequence[ChangedEndpoint]
) -> dict[bytes, Left]:
    """Return whose owners left among the endpoints to write to again; raise Refused where that may not be."""
    states = {(one.channel, one.key): one.state for one in who.endpoints}
    again: dict[int, ChangedEndpoint] = {}
    stopped: list[NewEndpoint] = []
    for index, one in enumerate(changed):
        state = states.get((one.wanted.channel, one.wanted.key))
        if not writes_again(one.target) or one.target is state:
            continue
        if state is EndpointState.OPTED_OUT:
            if one.state is None and one.wanted.word is None:
                continue  # lists call everybody confirmed: who opted out stays so, and the rest is done
            stopped.append(one.wanted)
        again[index] = one
    left = await honour_opt_outs.who_left(connection, [one.wanted for one in again.values()], stopped)
    for index, one in again.items():
        refused = honour_opt_outs.refuse(one.wanted, left, index, "state" if one.wanted in stopped else "address")
        if refused is not None:
            raise refused
    return left


async def _rewrite(
    connection: AsyncConnection, endpoint: Endpoint, changed: ChangedEndpoint, known: Known, *, is_back: bool
) -> None:
    state = changed.target or endpoint.state
    reason = endpoint.state_reason if state is endpoint.state else None
    await store.change_endpoint(connection, endpoint.id, changed.wanted, state=state, reason=reason, is_back=is_back)
    await choices.forget(connection, endpoint.id)
    preference, name = changed.wanted.preference, endpoint.public_id
    await choices.choose(
        connection, "component", [(name, known.components[slug]) for slug in preference.components or ()]
    )
    await choices.choose(connection, "group", [(name, known.groups[slug]) for slug in preference.groups or ()])


async def _remove(connection: AsyncConnection, endpoints: Sequence[Endpoint]) -> None:
    if not endpoints:
        return
    buckets = [endpoint.bucket_id for endpoint in endpoints]
    numbers = [endpoint.id for endpoint in endpoints]
    await moving.cancel(connection, numbers, buckets)
    await moving.leave(connection, buckets)
    await store.delete_endpoints(connection, numbers)


async def _place_anew(
    connection: AsyncConnection, endpoints: Sequence[Endpoint], rank: int, locked: Mapping[int, moving.Locked]
) -> None:
    """Move endpoints to buckets of `rank`, where they are not in one."""
    leaving = [endpoint for endpoint in endpoints if locked[endpoint.bucket_id].rank != rank]
    if not leaving:
        return
    if any(locked[endpoint.bucket_id].leased for endpoint in leaving) or await moving.is_fanning_out(connection):
        raise _InUse
    for endpoint in leaving:
        [bucket] = await place(connection, endpoint.channel, rank, 1)
        await moving.move(connection, endpoint.id, endpoint.bucket_id, bucket)
