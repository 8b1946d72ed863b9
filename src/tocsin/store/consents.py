"""Evidence of consent: written and read, never changed (a trigger of the table sees to it)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.opting_in import Evidence


@dataclass(frozen=True, slots=True)
class Consent:
    """`how`: by page, text message, link, API, import; ids are public ones. `at` None: now.

    `by` is the operator who acted for them, `basis` the word of theirs that they went by.
    """

    what: Evidence
    how: str
    channel: str
    seal: bytes
    subscriber: str | None = None
    endpoint: str | None = None
    network: str | None = None
    wording: str | None = None
    at: datetime | None = None
    by: str | None = None
    basis: str | None = None


_INSERT = text("""
    INSERT INTO consent (at, what, how, channel, seal, subscriber, endpoint, network, wording,
      by_whom, basis)
    VALUES (coalesce(CAST(:at AS timestamptz), tocsin_now()), :what, :how, :channel, :seal, :subscriber, :endpoint,
      :network, :wording, :by, :basis)
""")


async def write(connection: AsyncConnection, *consents: Consent) -> None:
    if consents:
        await connection.execute(
            _INSERT,
            [
                {
                    "at": one.at,
                    "by": one.by,
                    "basis": one.basis,
                    "what": one.what,
                    "how": one.how,
                    "channel": one.channel,
                    "seal": one.seal,
                    "subscriber": one.subscriber,
                    "endpoint": one.endpoint,
                    "network": one.network,
                    "wording": one.wording,
                }
                for one in consents
            ],
        )


async def of_subscribers(connection: AsyncConnection, subscribers: Sequence[str]) -> list[Consent]:
    """Return the evidence about subscribers, oldest first."""
    rows = await connection.execute(
        text("""
            SELECT what, how, channel, seal, subscriber, endpoint, network, wording, at, by_whom, basis FROM consent
            WHERE subscriber = ANY(:subscribers) ORDER BY id
        """),
        {"subscribers": list(subscribers)},
    )
    return [Consent(Evidence(row.what), *tuple(row)[1:]) for row in rows]


async def ended(connection: AsyncConnection, seals: Sequence[bytes]) -> tuple[datetime, dict[bytes, datetime]]:
    """Return the moment, and when the owners of addresses last took back what they had agreed to."""
    rows = await connection.execute(
        text("""
            SELECT tocsin_now() AS now, s.seal, (
              SELECT max(at) FROM consent c WHERE c.seal = s.seal AND c.what IN ('withdrawn', 'not_me', 'deleted')
            ) AS at FROM unnest(CAST(:seals AS bytea[])) AS s (seal)
        """),
        {"seals": list(seals)},
    )
    found = list(rows)
    return found[0].now, {bytes(row.seal): row.at for row in found if row.at is not None}
