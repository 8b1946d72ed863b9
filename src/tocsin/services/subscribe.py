"""Writes new subscribers; an address belongs to one subscriber alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.audience import Audiences
from tocsin.domain.errors import Conflict, Refused
from tocsin.domain.ids import new_public_id
from tocsin.domain.subscriber import NewSubscriber
from tocsin.store import components, enlist


class Created(NamedTuple):
    id: str


class Duplicate(NamedTuple):
    """An address that somebody has; `id` is theirs."""

    id: str
    address: str


Outcome = Created | Duplicate | Refused


async def subscribe(connection: AsyncConnection, who: NewSubscriber, audiences: Audiences) -> str:
    """Write one subscriber and return their id; raise Conflict where somebody has one of the addresses."""
    try:
        async with connection.begin_nested():
            [outcome] = await subscribe_all(connection, [who], audiences)
    except IntegrityError as error:
        raise Conflict("Somebody subscribed with one of these addresses this very moment. Look for them.") from error
    match outcome:
        case Created():
            return outcome.id
        case Duplicate():
            raise taken(outcome)
        case Refused():
            raise outcome


def taken(duplicate: Duplicate) -> Conflict:
    return Conflict(
        f"{duplicate.address} belongs to subscriber {duplicate.id} already. PATCH /v1/subscribers/{duplicate.id} "
        "changes what they want to hear."
    )


async def subscribe_all(
    connection: AsyncConnection, batch: Sequence[NewSubscriber], audiences: Audiences
) -> list[Outcome]:
    """Write those of `batch` whose addresses are free and whose components exist; say of each what came of it."""
    known = await components.ids_of(connection, sorted({slug for who in batch for slug in who.slugs}))
    held = await enlist.taken(connection, [endpoint for who in batch for endpoint in who.endpoints])
    owners = {address: found.public_id for address, found in held.items()}
    outcomes: list[Outcome] = []
    writing: list[enlist.Newcomer] = []
    for who in batch:
        stopped = refusal(who, known) or _duplicate(who, owners)
        if stopped is not None:
            outcomes.append(stopped)
            continue
        created = Created(new_public_id())
        owners.update(((endpoint.channel, endpoint.key), created.id) for endpoint in who.endpoints)
        writing.append(enlist.Newcomer(created.id, who, audiences.narrowest(who.audiences).rank))
        outcomes.append(created)
    await enlist.insert(connection, writing, known)
    return outcomes


def refusal(who: NewSubscriber, known: Mapping[str, int]) -> Refused | None:
    """Return why `who` cannot be written: a component that is not there, or an address named twice."""
    mine: set[tuple[str, str]] = set()
    for place, endpoint in enumerate(who.endpoints):
        for slug in endpoint.preference.components or ():
            if slug not in known:
                return Refused(
                    f"There is no component {slug!r}. GET /v1/components lists them.",
                    field=f"endpoints.{place}.preference.components",
                )
        if (endpoint.channel, endpoint.key) in mine:
            return Refused("This address stands here twice. Take one out.", field=f"endpoints.{place}.address")
        mine.add((endpoint.channel, endpoint.key))
    return None


def _duplicate(who: NewSubscriber, owners: Mapping[tuple[str, str], str]) -> Duplicate | None:
    for endpoint in who.endpoints:
        owner = owners.get((endpoint.channel, endpoint.key))
        if owner is not None:
            return Duplicate(owner, endpoint.address)
    return None
