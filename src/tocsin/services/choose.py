"""Changes what a person chose for themselves: one thing at a time, and never over somebody else's shoulder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.endpoint import EndpointState
from tocsin.domain.errors import Conflict, NotFound
from tocsin.domain.subscriber import NewEndpoint, Preference
from tocsin.store import choices
from tocsin.store import subscribers as store
from tocsin.store.subscribers import Endpoint, Subscriber

AT_ONCE = {"mode": None, "digest_at": None, "quiet_hours": None, "sev1_breaks_quiet": True}


class Changed(Conflict):
    """What they saw is not what holds any more; nothing was written."""


class Vanished(Conflict):
    """All components and groups that they chose were removed meanwhile; nothing was written."""


def chosen(endpoint: Endpoint) -> Preference:
    """Return what an endpoint chose, as a preference; where all of it was removed that is nothing, not everything."""
    return Preference(
        components=None if endpoint.components is None else tuple(endpoint.components),
        groups=None if endpoint.groups is None else tuple(endpoint.groups),
        least=endpoint.least,
        phases=endpoint.phases,
        timing=endpoint.timing,
        fallback=endpoint.fallback,
    )


def version_of(endpoint: Endpoint) -> str:
    """Return a name of what an endpoint chose: another choice has another name."""
    seen = chosen(endpoint)
    told: list[Any] = [seen.components, seen.groups, seen.least, seen.phases, seen.timing, endpoint.locale]
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()[:16]


async def choose(
    connection: AsyncConnection, subscriber: str, endpoint_id: str, version: str, preference: Preference
) -> None:
    """Write what an endpoint wants, of what is still there.

    Raise Changed where what was seen (`version`) does not hold any more, Vanished where nothing is left of what is
    wanted: that widens to nothing else.
    """
    endpoint = await locked(connection, subscriber, endpoint_id)
    if version_of(endpoint) != version:
        raise Changed("It was changed elsewhere meanwhile.")
    known = await choices.known(connection, set(preference.components or ()), set(preference.groups or ()))
    there = replace(
        preference,
        components=tuple(slug for slug in preference.components or () if slug in known.components) or None,
        groups=tuple(slug for slug in preference.groups or () if slug in known.groups) or None,
    )
    if there.everything and not preference.everything:
        raise Vanished("All that they chose was removed meanwhile.")
    await write(connection, endpoint, there)
    await choices.forget(connection, endpoint.id)
    name = endpoint.public_id
    await choices.choose(connection, "component", [(name, known.components[slug]) for slug in there.components or ()])
    await choices.choose(connection, "group", [(name, known.groups[slug]) for slug in there.groups or ()])


async def write(connection: AsyncConnection, endpoint: Endpoint, preference: Preference) -> None:
    wanted = NewEndpoint(endpoint.channel, endpoint.address, endpoint.key, endpoint.state, preference, endpoint.locale)
    await store.change_endpoint(connection, endpoint.id, wanted, state=endpoint.state, reason=endpoint.state_reason)


async def locked(connection: AsyncConnection, subscriber: str, endpoint_id: str) -> Endpoint:
    """Return an endpoint of a subscriber who is locked until the transaction ends; raise NotFound for any other."""
    who = await store.find(connection, subscriber, lock=True)
    for endpoint in who.endpoints if who else ():
        if endpoint.public_id == endpoint_id:
            return endpoint
    raise NotFound("There is no such address of theirs any more.")


async def pause(connection: AsyncConnection, subscriber: str, until: float | None) -> None:
    """Hold everything until a moment, for every address; None: go on. Nothing is dropped: what is owed comes then."""
    who = await store.find(connection, subscriber, lock=True)
    if who is None:
        raise NotFound("There is no such subscriber any more.")
    for endpoint in who.endpoints:
        timing = dict(endpoint.timing or AT_ONCE) | {"paused_until": until}
        kept: Mapping[str, Any] | None = timing if timing != AT_ONCE | {"paused_until": None} else None
        if kept is not None and until is None:
            kept = {name: value for name, value in timing.items() if name != "paused_until"}
        await write(connection, endpoint, replace(chosen(endpoint), timing=kept))


async def tell_about_me(connection: AsyncConnection, subscriber: str, locale: str, time_zone: str) -> None:
    """Write a subscriber's language and time zone."""
    who = await store.find(connection, subscriber, lock=True)
    if who is None:
        raise NotFound("There is no such subscriber any more.")
    await store.change(connection, replace(who, locale=locale, time_zone=time_zone))


def is_told(who: Subscriber) -> bool:
    """Tell whether any address of theirs hears from us."""
    return any(endpoint.state is EndpointState.ACTIVE for endpoint in who.endpoints)


def paused_until(who: Subscriber, now: float) -> float | None:
    """Return until when everything waits, None where nothing does."""
    ends = [float(one.timing["paused_until"]) for one in who.endpoints if one.timing and one.timing.get("paused_until")]
    latest = max(ends, default=0.0)
    return latest if latest > now else None
