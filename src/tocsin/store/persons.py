"""Whose an address is: what notices and confirmations need to know of a subscriber, and no more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.endpoint import EndpointState
from tocsin.store import trouble


@dataclass(frozen=True, slots=True)
class Person:
    """An endpoint and the subscriber that it belongs to."""

    endpoint_id: int
    endpoint: str
    channel: str
    address: str
    key: str
    state: EndpointState
    subscriber_id: int
    subscriber: str
    locale: str


_SELECT = """
    SELECT e.id, e.public_id, e.channel, e.address, e.address_key, e.state::text, s.id, s.public_id, s.locale
    FROM endpoint e JOIN subscriber s ON s.id = e.subscriber_id WHERE e.channel <> 'status_page'
"""


async def by_address(connection: AsyncConnection, channel: str, key: str) -> Person | None:
    return await _one(connection, "e.channel = :channel AND e.address_key = :key", {"channel": channel, "key": key})


async def by_endpoint(connection: AsyncConnection, endpoint: int) -> Person | None:
    return await _one(connection, "e.id = :endpoint", {"endpoint": endpoint})


async def _one(connection: AsyncConnection, where: str, values: Mapping[str, Any]) -> Person | None:
    found = await connection.execute(text(f"{_SELECT} AND {where}"), values)
    row = found.one_or_none()
    if row is None:
        return None
    number, endpoint, channel, address, key, state, subscriber_id, subscriber, locale = row
    return Person(number, endpoint, channel, address, key, EndpointState(state), subscriber_id, subscriber, locale)


async def audiences_of(connection: AsyncConnection, subscriber: int) -> int:
    """Return the audiences that a subscriber belongs to, as a set."""
    found = await connection.execute(
        text("SELECT audiences FROM subscriber WHERE id = :subscriber"), {"subscriber": subscriber}
    )
    mask: int = found.scalar_one()
    return mask


async def activate(connection: AsyncConnection, endpoint: int) -> bool:
    """Write to an endpoint again, whatever kept us from it; tell whether anything did."""
    await trouble.forget(connection, endpoint)
    changed = await connection.execute(
        text("""
            UPDATE endpoint SET state = 'active', state_reason = NULL, quarantine_told = false,
              updated_at = tocsin_now()
            WHERE id = :endpoint AND state <> 'active'
        """),
        {"endpoint": endpoint},
    )
    return changed.rowcount > 0


async def move(connection: AsyncConnection, endpoint: int, address: str, key: str) -> None:
    """Give an endpoint another address; what it chose and was told stays."""
    await trouble.forget(connection, endpoint)
    await connection.execute(
        text("""
            UPDATE endpoint SET address = :address, address_key = :key, state = 'active', state_reason = NULL,
              quarantine_told = false, updated_at = tocsin_now() WHERE id = :endpoint
        """),
        {"endpoint": endpoint, "address": address, "key": key},
    )
