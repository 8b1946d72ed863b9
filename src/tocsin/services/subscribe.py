"""Writes new subscribers; an address belongs to one subscriber alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.audience import Audiences
from tocsin.domain.errors import Conflict, Refused
from tocsin.domain.fallback import fallbacks
from tocsin.domain.ids import new_public_id
from tocsin.domain.opting_in import Evidence
from tocsin.domain.subscriber import NewSubscriber
from tocsin.domain.subscription import spoken
from tocsin.services import honour_opt_outs
from tocsin.services.honour_opt_outs import STAYS, Left, writes_again
from tocsin.store import attention, choices, consents, enlist
from tocsin.store.choices import Known
from tocsin.store.consents import Consent


class Created(NamedTuple):
    """Who was written; `unknown` are incidents that they snoozed or followed and that are not here."""

    id: str
    unknown: tuple[str, ...] = ()


class Duplicate(NamedTuple):
    """An address that somebody has, and may have opted out; `id` is theirs. No address: they are here without one."""

    id: str
    address: str
    has_left: bool = False

    @property
    def stays(self) -> str:
        """Return what to say where the address is to be written to, and is not."""
        return f" {STAYS.format(self.address)}" if self.has_left else ""


Outcome = Created | Duplicate | Refused


async def subscribe(connection: AsyncConnection, who: NewSubscriber, audiences: Audiences) -> str:
    """Write one subscriber and return their id; raise Conflict where somebody has one of the addresses."""
    try:
        async with connection.begin_nested():
            [outcome] = await subscribe_all(connection, [who], audiences)
    except IntegrityError as error:
        raise Conflict("Somebody subscribed with one of these addresses this very moment. Look for them.") from error
    match outcome:
        case Created(unknown=(incident, *_)):
            raise Refused(f"There is no incident {incident!r}. GET /v1/incidents lists them.", field="endpoints")
        case Created():
            return outcome.id
        case Duplicate():
            raise taken(outcome)
        case Refused():
            raise outcome


def taken(duplicate: Duplicate) -> Conflict:
    return Conflict(
        f"{duplicate.address} belongs to subscriber {duplicate.id} already. PATCH /v1/subscribers/{duplicate.id} "
        f"changes what they want to hear.{duplicate.stays}"
    )


async def subscribe_all(
    connection: AsyncConnection, batch: Sequence[NewSubscriber], audiences: Audiences, *, from_list: bool = False
) -> list[Outcome]:
    """Write those of `batch` whose addresses are free and whose components exist; say of each what came of it.

    Who comes from a list without an address is the one who is here so already: nothing else tells two lists apart.
    """
    known = await known_to(connection, batch)
    held = await enlist.taken(connection, [endpoint for who in batch for endpoint in who.endpoints])
    owners = {address: (found.public_id, found.has_left) for address, found in held.items()}
    left = await honour_opt_outs.who_left(
        connection, [endpoint for who in batch for endpoint in who.endpoints if writes_again(endpoint.state)]
    )
    incidents = await attention.known(connection, {incident for who in batch for incident in who.incidents})
    alike = await enlist.without_address(connection, [who for who in batch if from_list and not who.endpoints])
    outcomes: list[Outcome] = []
    writing: list[enlist.Newcomer] = []
    for who in batch:
        stopped = refusal(who, known) or _barred(who, left) or _duplicate(who, owners, alike)
        if stopped is not None:
            outcomes.append(stopped)
            continue
        created = Created(new_public_id(), tuple(sorted(who.incidents - incidents.keys())))
        owners.update(((endpoint.channel, endpoint.key), (created.id, False)) for endpoint in who.endpoints)
        if from_list and not who.endpoints:
            alike[who] = created.id
        writing.append(enlist.Newcomer(created.id, who, audiences.narrowest(who.audiences).rank))
        outcomes.append(created)
    await enlist.insert(connection, writing, known)
    await consents.write(connection, *(one for newcomer in writing for one in _evidence(newcomer)))
    for newcomer in writing:
        for endpoint in newcomer.who.endpoints:
            await honour_opt_outs.keep_word(connection, newcomer.public_id, endpoint, left)
    return outcomes


def _barred(who: NewSubscriber, left: Mapping[bytes, Left]) -> Refused | None:
    """Return why an address may not be subscribed by anybody but its owner."""
    for place, endpoint in enumerate(who.endpoints):
        refused = honour_opt_outs.refuse(endpoint, left, place) if writes_again(endpoint.state) else None
        if refused is not None:
            return refused
    return None


def _evidence(newcomer: enlist.Newcomer) -> list[Consent]:
    return [
        Consent(
            Evidence(one.what),
            one.how,
            endpoint.channel,
            endpoint.seal,
            subscriber=newcomer.public_id,
            network=one.network,
            wording=one.wording,
            at=one.at,
            by=one.by,
            basis=one.basis,
        )
        for endpoint in newcomer.who.endpoints
        for one in endpoint.evidence
    ]


async def known_to(connection: AsyncConnection, batch: Sequence[NewSubscriber]) -> Known:
    """Look up all components and groups that anyone of `batch` chose."""
    components = {slug for who in batch for slug in who.slugs}
    return await choices.known(connection, components, {slug for who in batch for slug in who.groups})


def refusal(who: NewSubscriber, known: Known, there: Mapping[str, tuple[str, str]] | None = None) -> Refused | None:
    """Return why `who` cannot be written: something is not there, an address is named twice, fallbacks go in circles.

    `there` has the ids of endpoints that exist, with their channel and address as it is compared.
    """
    mine: set[tuple[str, str]] = set()
    for place, endpoint in enumerate(who.endpoints):
        preference = endpoint.preference
        for kind, slugs, ids in (
            ("components", preference.components, known.components),
            ("groups", preference.groups, known.groups),
        ):
            for slug in slugs or ():
                if slug not in ids:
                    what, where = _CHOSEN[kind]
                    detail = f"There is no {what} {slug!r}. GET /v1/{where} lists them."
                    return Refused(detail, field=f"endpoints.{place}.preference.{kind}")
        if (endpoint.channel, endpoint.key) in mine:
            return Refused("This address stands here twice. Take one out.", field=f"endpoints.{place}.address")
        mine.add((endpoint.channel, endpoint.key))
    try:
        fallbacks(who.endpoints, there or {})
    except Refused as error:
        return error
    return None


_CHOSEN: Final = {"components": ("component", "components"), "groups": ("group", "component-groups")}


def _duplicate(
    who: NewSubscriber, owners: Mapping[tuple[str, str], tuple[str, bool]], alike: Mapping[NewSubscriber, str]
) -> Duplicate | None:
    if not who.endpoints and who in alike:
        return Duplicate(alike[who], "")
    for endpoint in who.endpoints:
        owner = owners.get((endpoint.channel, endpoint.key))
        if owner is not None:
            return Duplicate(owner[0], spoken(endpoint.address), owner[1])
    return None
