"""Subscribers with their endpoints, as they are listed, shown and exported; the status page's own is not among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.endpoint import EndpointState
from tocsin.domain.incident import Phase, Severity
from tocsin.domain.subscriber import NewEndpoint
from tocsin.domain.trouble import Trouble
from tocsin.store.enlist import number, timing_text


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`components` and `groups` are slugs; where both are None, all. `least` and `phases` are None where not chosen.

    `fallback` is the id of another endpoint; `follows` are ids of incidents, `snoozed` has them with their ends.
    """

    id: int
    public_id: str
    bucket_id: int
    channel: str
    address: str
    key: str
    state: EndpointState
    state_reason: str | None
    components: list[str] | None
    groups: list[str] | None
    least: Severity | None
    phases: Phase | None
    timing: dict[str, Any] | None
    locale: str | None
    fallback: str | None
    follows: list[str]
    only_follows: bool
    snoozed: dict[str, float | None]
    trouble: Trouble | None = None


@dataclass(frozen=True, slots=True)
class Subscriber:
    id: int
    public_id: str
    name: str
    locale: str
    time_zone: str
    audiences: int
    created_at: datetime
    updated_at: datetime
    endpoints: tuple[Endpoint, ...]


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list is narrowed to; `audiences` is a set with a bit for each, `part` is of a name or an address."""

    audiences: int | None = None
    part: str | None = None
    channel: str | None = None
    state: str | None = None
    address_keys: Sequence[str] | None = None


_SUBSCRIBER = """
    SELECT s.*, coalesce((
      SELECT jsonb_agg(jsonb_build_object('id', e.id, 'public_id', e.public_id, 'bucket_id', e.bucket_id,
        'channel', e.channel, 'address', e.address, 'key', e.address_key, 'state', e.state, 'reason', e.state_reason,
        'least', e.least, 'phases', e.phases, 'timing', e.timing, 'locale', e.locale, 'only_follows', e.only_follows,
        'everything', e.all_components,
        'components', (
          SELECT jsonb_agg(c.slug ORDER BY c.slug) FROM endpoint_component x JOIN component c ON c.id = x.component_id
          WHERE x.endpoint_id = e.id),
        'groups', (
          SELECT jsonb_agg(g.slug ORDER BY g.slug) FROM endpoint_group x JOIN component_group g ON g.id = x.group_id
          WHERE x.endpoint_id = e.id),
        'fallback', (SELECT f.public_id FROM endpoint f WHERE f.id = e.fallback_id),
        'follows', (SELECT jsonb_agg(i.public_id ORDER BY i.id) FROM incident i WHERE i.id = ANY(e.follows)),
        'snoozed', (
          SELECT jsonb_object_agg(i.public_id, z.value)
          FROM jsonb_each(e.snoozed) z JOIN incident i ON i.id = CAST(z.key AS int)),
        'trouble', (SELECT to_jsonb(t) - 'endpoint_id' FROM trouble t WHERE t.endpoint_id = e.id)
        ) ORDER BY e.id)
      FROM endpoint e WHERE e.subscriber_id = s.id), '[]') AS endpoints
    FROM subscriber s
"""
_NOT_THE_PAGE = "NOT EXISTS (SELECT FROM endpoint p WHERE p.subscriber_id = s.id AND p.channel = 'status_page')"


async def find(connection: AsyncConnection, public_id: str, *, lock: bool = False) -> Subscriber | None:
    """Return the subscriber so named; `lock` them against other writers until the transaction ends."""
    if not (public_id.isascii() and public_id.isalnum()):
        return None
    values = {"public_id": public_id}
    if lock:
        await connection.execute(text("SELECT 1 FROM subscriber WHERE public_id = :public_id FOR UPDATE"), values)
    found = await connection.execute(text(f"{_SUBSCRIBER} WHERE s.public_id = :public_id AND {_NOT_THE_PAGE}"), values)
    row = found.one_or_none()
    return None if row is None else _subscriber(row)


async def read_page(
    connection: AsyncConnection, only: Filter, *, after: int | None, limit: int
) -> Sequence[Subscriber]:
    """Return `limit` subscribers behind number `after`, oldest first."""
    wheres = ["s.id > :after", _NOT_THE_PAGE]
    values: dict[str, Any] = {"after": after or 0, "limit": limit}
    if only.audiences is not None:
        wheres.append("s.audiences & :audiences <> 0")
        values["audiences"] = only.audiences
    if only.part is not None:
        wheres.append("""(position(lower(:part) IN lower(s.name)) > 0 OR s.id IN (
          SELECT subscriber_id FROM endpoint WHERE position(lower(:part) IN lower(address)) > 0))""")
        values["part"] = only.part
    if only.channel is not None or only.state is not None or only.address_keys is not None:
        wheres.append("""EXISTS (SELECT FROM endpoint e WHERE e.subscriber_id = s.id
          AND (CAST(:channel AS text) IS NULL OR e.channel = :channel)
          AND (CAST(:state AS text) IS NULL OR CAST(e.state AS text) = :state)
          AND (CAST(:keys AS text[]) IS NULL OR e.address_key = ANY(:keys)))""")
        values |= {
            "channel": only.channel,
            "state": only.state,
            "keys": None if only.address_keys is None else list(only.address_keys),
        }
    rows = await connection.execute(
        text(f"{_SUBSCRIBER} WHERE {' AND '.join(wheres)} ORDER BY s.id LIMIT :limit"), values
    )
    return [_subscriber(row) for row in rows]


async def change(connection: AsyncConnection, subscriber: Subscriber) -> None:
    """Write what a locked subscriber is called, speaks and belongs to."""
    values = {
        "id": subscriber.id,
        "name": subscriber.name,
        "locale": subscriber.locale,
        "time_zone": subscriber.time_zone,
        "audiences": subscriber.audiences,
    }
    await connection.execute(
        text("""
            UPDATE subscriber SET name = :name, locale = :locale, time_zone = :time_zone, audiences = :audiences,
              updated_at = tocsin_now() WHERE id = :id
        """),
        values,
    )
    await connection.execute(
        text("""
            UPDATE endpoint SET audiences = :audiences, updated_at = tocsin_now()
            WHERE subscriber_id = :id AND audiences <> :audiences
        """),
        {"id": subscriber.id, "audiences": subscriber.audiences},
    )


async def change_endpoint(
    connection: AsyncConnection,
    endpoint: int,
    wanted: NewEndpoint,
    *,
    state: EndpointState,
    reason: str | None,
    is_back: bool = False,
) -> None:
    """Write how an endpoint is to be, but for the components, groups and fallback that it chose.

    One that opted out, this very moment perhaps, stays so unless its owner `is_back`.
    """
    preference = wanted.preference
    await connection.execute(
        text("""
            UPDATE endpoint SET address = :address,
              state = CASE WHEN state = 'opted_out' AND NOT :is_back THEN state ELSE CAST(:state AS endpoint_state) END,
              state_reason = CASE WHEN state = 'opted_out' AND NOT :is_back THEN state_reason ELSE :reason END,
              least = :least, phases = :phases, timing = CAST(:timing AS jsonb), all_components = :everything,
              locale = :locale, updated_at = tocsin_now()
            WHERE id = :id
        """),
        {
            "id": endpoint,
            "address": wanted.address,
            "state": state,
            "reason": reason,
            "is_back": is_back,
            "least": number(preference.least),
            "phases": number(preference.phases),
            "timing": timing_text(preference.timing),
            "everything": preference.everything,
            "locale": wanted.locale,
        },
    )


async def delete(connection: AsyncConnection, subscriber_id: int) -> None:
    """Delete a subscriber and, with them, their endpoints."""
    await connection.execute(text("DELETE FROM subscriber WHERE id = :id"), {"id": subscriber_id})


async def delete_endpoints(connection: AsyncConnection, endpoints: Sequence[int]) -> None:
    await connection.execute(text("DELETE FROM endpoint WHERE id = ANY(:ids)"), {"ids": list(endpoints)})


def _subscriber(row: Row[Any]) -> Subscriber:
    return Subscriber(
        id=row.id,
        public_id=row.public_id,
        name=row.name,
        locale=row.locale,
        time_zone=row.time_zone,
        audiences=row.audiences,
        created_at=row.created_at,
        updated_at=row.updated_at,
        endpoints=tuple(_endpoint(one) for one in row.endpoints),
    )


def _endpoint(one: dict[str, Any]) -> Endpoint:
    return Endpoint(
        id=one["id"],
        public_id=one["public_id"],
        bucket_id=one["bucket_id"],
        channel=one["channel"],
        address=one["address"],
        key=one["key"],
        state=EndpointState(one["state"]),
        state_reason=one["reason"],
        components=one["components"] if one["everything"] or one["groups"] else one["components"] or [],
        groups=one["groups"],
        least=None if one["least"] is None else Severity(one["least"]),
        phases=None if one["phases"] is None else Phase(one["phases"]),
        timing=one["timing"],
        locale=one["locale"],
        fallback=one["fallback"],
        follows=one["follows"] or [],
        only_follows=one["only_follows"],
        snoozed=one["snoozed"] or {},
        trouble=None if one["trouble"] is None else Trouble(**one["trouble"]),
    )
