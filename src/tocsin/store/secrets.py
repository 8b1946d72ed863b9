"""Which of an endpoint's signing secrets is in use, and whether the endpoint was confirmed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.channel import ChannelName
from tocsin.domain.endpoint import EndpointState


@dataclass(frozen=True, slots=True)
class Signed:
    """An endpoint with the number of its secret."""

    id: int
    public_id: str
    channel: ChannelName
    address: str
    state: EndpointState
    secret_version: int


_SIGNED = """
    SELECT e.id, e.public_id, e.channel, e.address, CAST(e.state AS text) AS state, e.secret_version
    FROM endpoint e JOIN subscriber s ON s.id = e.subscriber_id
"""


async def find(connection: AsyncConnection, subscriber: str, endpoint: str) -> Signed | None:
    """Return the endpoint so named of the subscriber so named; the status page's own is nobody's."""
    found = await connection.execute(
        text(f"{_SIGNED} WHERE s.public_id = :subscriber AND e.public_id = :endpoint AND e.channel <> 'status_page'"),
        {"subscriber": subscriber, "endpoint": endpoint},
    )
    row = found.one_or_none()
    return None if row is None else _signed(tuple(row))


async def find_all(connection: AsyncConnection, endpoints: Sequence[str]) -> list[Signed]:
    """Return the endpoints so named."""
    found = await connection.execute(text(f"{_SIGNED} WHERE e.public_id = ANY(:ids)"), {"ids": list(endpoints)})
    return [_signed(tuple(row)) for row in found]


async def rotate(connection: AsyncConnection, endpoint: int) -> int:
    """Put the next secret into use and return its number; the one before counts for another day."""
    found = await connection.execute(
        text("""
            UPDATE endpoint SET secret_version = secret_version + 1, secret_rotated_at = tocsin_now(),
              updated_at = tocsin_now() WHERE id = :id RETURNING secret_version
        """),
        {"id": endpoint},
    )
    return int(found.scalar_one())


async def confirm(connection: AsyncConnection, endpoint: Signed) -> bool:
    """Make an endpoint active that is still as it was when its address was asked; tell whether it was."""
    found = await connection.execute(
        text("""
            UPDATE endpoint SET state = 'active', state_reason = NULL, quarantine_told = false,
              updated_at = tocsin_now()
            WHERE id = :id AND address = :address AND state = CAST(:state AS endpoint_state) RETURNING id
        """),
        {"id": endpoint.id, "address": endpoint.address, "state": endpoint.state},
    )
    return found.one_or_none() is not None


def _signed(row: tuple[int, str, str, str, str, int]) -> Signed:
    number, public_id, channel, address, state, version = row
    return Signed(number, public_id, ChannelName(channel), address, EndpointState(state), version)
