"""Writes new subscribers and endpoints in set-based SQL, one or five hundred at a time."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.fallback import fallbacks
from tocsin.domain.ids import new_public_id
from tocsin.domain.incident import Phase, Severity
from tocsin.domain.subscriber import Attention, NewEndpoint, NewSubscriber
from tocsin.store import attention, choices
from tocsin.store.choices import Known
from tocsin.store.placing import place_all

_SUBSCRIBERS = text("""
    INSERT INTO subscriber (public_id, name, locale, time_zone, audiences)
    SELECT * FROM unnest(CAST(:public_ids AS text[]), CAST(:names AS text[]), CAST(:locales AS text[]),
      CAST(:time_zones AS text[]), CAST(:audiences AS int[]))
    RETURNING id, public_id
""")
_ENDPOINTS = text("""
    WITH e AS (
      INSERT INTO endpoint (public_id, subscriber_id, bucket_id, channel, address, address_key, state, audiences,
        all_components, least, phases, timing, locale)
      SELECT x.public_id, x.subscriber_id, x.bucket_id, x.channel, x.address, x.address_key,
        CAST(x.state AS endpoint_state), x.audiences, x.all_components, x.least, x.phases,
        CAST(x.timing AS jsonb), x.locale
      FROM unnest(CAST(:public_ids AS text[]), CAST(:subscriber_ids AS int[]), CAST(:bucket_ids AS int[]),
        CAST(:channels AS text[]), CAST(:addresses AS text[]), CAST(:address_keys AS text[]), CAST(:states AS text[]),
        CAST(:audiences AS int[]), CAST(:all_components AS boolean[]), CAST(:leasts AS smallint[]),
        CAST(:phases AS smallint[]), CAST(:timings AS text[]), CAST(:locales AS text[]))
        AS x (public_id, subscriber_id, bucket_id, channel, address, address_key, state, audiences, all_components,
          least, phases, timing, locale)
      RETURNING id
    )
    INSERT INTO pace (endpoint_id) SELECT id FROM e
""")
_TAKEN = text("""
    SELECT e.channel, e.address_key, e.subscriber_id, s.public_id, e.state = 'opted_out' AS has_left
    FROM endpoint e JOIN subscriber s ON s.id = e.subscriber_id
    WHERE (e.channel, e.address_key) IN (SELECT * FROM unnest(CAST(:channels AS text[]), CAST(:keys AS text[])))
""")


_WITHOUT_ADDRESS = text("""
    SELECT s.public_id, s.name, s.locale, s.time_zone, s.audiences
    FROM subscriber s
    WHERE (s.name, s.locale, s.time_zone, s.audiences) IN (SELECT * FROM unnest(CAST(:names AS text[]),
        CAST(:locales AS text[]), CAST(:time_zones AS text[]), CAST(:audiences AS int[])))
      AND NOT EXISTS (SELECT FROM endpoint e WHERE e.subscriber_id = s.id)
    ORDER BY s.id DESC
""")
_LOCK = 0x70C51A11


class Newcomer(NamedTuple):
    """A subscriber to be written under `public_id`; `rank` is that of their narrowest audience."""

    public_id: str
    who: NewSubscriber
    rank: int


class Joining(NamedTuple):
    """An endpoint that joins a subscriber; `rank` is that of the subscriber's narrowest audience."""

    subscriber_id: int
    audiences: int
    rank: int
    endpoint: NewEndpoint


class Taken(NamedTuple):
    """Whose an address is already, and whether they opted it out."""

    subscriber_id: int
    public_id: str
    has_left: bool


def timing_text(timing: Mapping[str, Any] | None) -> str | None:
    """Return a timing as it is written to the database."""
    return None if timing is None else json.dumps(dict(timing))


def number(chosen: Severity | Phase | None) -> int | None:
    """Return what was chosen as it is written to the database."""
    return None if chosen is None else int(chosen)


async def taken(connection: AsyncConnection, endpoints: Sequence[NewEndpoint]) -> dict[tuple[str, str], Taken]:
    """Return those (channel, key) of `endpoints` that somebody has."""
    if not endpoints:
        return {}
    rows = await connection.execute(
        _TAKEN,
        {"channels": [one.channel for one in endpoints], "keys": [one.key for one in endpoints]},
    )
    return {(row.channel, row.address_key): Taken(row.subscriber_id, row.public_id, row.has_left) for row in rows}


async def without_address(connection: AsyncConnection, batch: Sequence[NewSubscriber]) -> dict[NewSubscriber, str]:
    """Return those of `batch` who have no address and are here already, just so; nobody else writes any meanwhile."""
    if not batch:
        return {}
    await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    rows = await connection.execute(
        _WITHOUT_ADDRESS,
        {
            "names": [who.name for who in batch],
            "locales": [who.locale for who in batch],
            "time_zones": [who.time_zone for who in batch],
            "audiences": [who.audiences for who in batch],
        },
    )
    return {NewSubscriber(row.name, row.locale, row.time_zone, row.audiences): row.public_id for row in rows}


async def insert(connection: AsyncConnection, newcomers: Sequence[Newcomer], known: Known) -> None:
    """Write subscribers and their endpoints; `known` has the ids of the slugs they chose."""
    if not newcomers:
        return
    rows = await connection.execute(
        _SUBSCRIBERS,
        {
            "public_ids": [one.public_id for one in newcomers],
            "names": [one.who.name for one in newcomers],
            "locales": [one.who.locale for one in newcomers],
            "time_zones": [one.who.time_zone for one in newcomers],
            "audiences": [one.who.audiences for one in newcomers],
        },
    )
    numbers: dict[str, int] = {row.public_id: row.id for row in rows}
    await insert_endpoints(
        connection,
        [
            Joining(numbers[one.public_id], one.who.audiences, one.rank, endpoint)
            for one in newcomers
            for endpoint in one.who.endpoints
        ],
        known,
    )
    chosen = [fallbacks(one.who.endpoints, {}) for one in newcomers if one.who.has_fallbacks]
    await choices.fall_back(connection, {place: to for some in chosen for place, to in some.items()})


async def insert_endpoints(connection: AsyncConnection, joining: Sequence[Joining], known: Known) -> None:
    """Write endpoints with their bucket, their pace, and the components and groups they chose."""
    if not joining:
        return
    placed = await place_all(connection, Counter((one.endpoint.channel, one.rank) for one in joining))
    public_ids = [new_public_id() for _ in joining]
    values: dict[str, list[Any]] = {
        "public_ids": public_ids,
        "subscriber_ids": [one.subscriber_id for one in joining],
        "bucket_ids": [placed[one.endpoint.channel, one.rank].pop() for one in joining],
        "channels": [one.endpoint.channel for one in joining],
        "addresses": [one.endpoint.address for one in joining],
        "address_keys": [one.endpoint.key for one in joining],
        "states": [one.endpoint.state for one in joining],
        "audiences": [one.audiences for one in joining],
        "all_components": [one.endpoint.preference.everything for one in joining],
        "leasts": [number(one.endpoint.preference.least) for one in joining],
        "phases": [number(one.endpoint.preference.phases) for one in joining],
        "timings": [timing_text(one.endpoint.preference.timing) for one in joining],
        "locales": [one.endpoint.locale for one in joining],
    }
    await connection.execute(_ENDPOINTS, values)
    named = list(zip(public_ids, (one.endpoint.preference for one in joining), strict=True))
    components = [(who, known.components[slug]) for who, preference in named for slug in preference.components or ()]
    groups = [(who, known.groups[slug]) for who, preference in named for slug in preference.groups or ()]
    await choices.choose(connection, "component", components)
    await choices.choose(connection, "group", groups)
    attentive = {who: one.endpoint.attention for who, one in zip(public_ids, joining, strict=True)}
    attentive = {who: chosen for who, chosen in attentive.items() if chosen != Attention()}
    incidents = {incident for chosen in attentive.values() for incident in chosen.incidents}
    await attention.restore(connection, attentive, await attention.known(connection, incidents))
