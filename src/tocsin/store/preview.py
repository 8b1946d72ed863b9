"""Counts who would hear of an update that nobody has written, by the very rules of the fan-out; writes nothing."""

from __future__ import annotations

import json
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.audience import Audiences
from tocsin.domain.policy import Policy
from tocsin.domain.update import Snapshot
from tocsin.store import wording
from tocsin.store.engine import bare
from tocsin.store.evaluation import counting
from tocsin.store.fan_out import arguments, buckets_to_visit, read_meant


class Counted(NamedTuple):
    """`n` endpoints of one audience, channel and locale that would be in `state`, for `reason` where they hear not."""

    audience: int
    channel: str
    locale: str
    state: str
    reason: str | None
    n: int


async def count(
    connection: AsyncConnection, incident_id: int, snapshot: Snapshot, policy: Policy, audiences: Audiences
) -> list[Counted]:
    """Return everybody in the audience of `snapshot`; `incident_id` is 0 where it would open an incident."""
    driver = await bare(connection)
    await connection.execute(text("SET LOCAL jit = off"))
    row = {
        "id": 0,
        "incident_id": incident_id,
        "version": snapshot.version,
        "status": snapshot.status,
        "severity": int(snapshot.severity),
        "kind": snapshot.kind,
        "phase": int(snapshot.phase),
        "components": dict(snapshot.components),
        "audiences": snapshot.audiences,
        "is_public": snapshot.is_public,
        "notify": snapshot.notify,
    }
    update = await read_meant(driver, json.dumps(row), policy, audiences)
    buckets = [visit.bucket for visit in await buckets_to_visit(driver, update, audiences)]
    return [
        Counted(*found) for found in await driver.fetch(counting(audiences, update.kind), *arguments(update, buckets))
    ]


async def has_page(connection: AsyncConnection, incident_id: int) -> bool:
    """Tell whether an incident is on the public page already."""
    asked = text("SELECT EXISTS (SELECT FROM incident_update WHERE incident_id = :id AND is_public)")
    return bool((await connection.execute(asked, {"id": incident_id})).scalar_one())


async def component_names(connection: AsyncConnection) -> dict[str, wording.Named]:
    """Return what each component is called, by slug."""
    return await wording.component_names(await bare(connection))


async def written(connection: AsyncConnection, update: str) -> list[Counted]:
    """Return those whom the update with the public id `update` was meant for, as the ledger has them."""
    rows = await connection.execute(
        text("""
            SELECT d.audience, e.channel, coalesce(e.locale, p.locale, 'en'), 'pending', NULL, count(*)
            FROM delivery d JOIN incident_update u ON u.id = d.update_id JOIN endpoint e ON e.id = d.endpoint_id
              LEFT JOIN subscriber p ON p.id = e.subscriber_id
            WHERE u.public_id = :update AND d.state NOT IN ('skipped', 'suppressed')
            GROUP BY 1, 2, 3
        """),
        {"update": update},
    )
    return [Counted(*row) for row in rows]
