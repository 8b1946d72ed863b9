"""What the clock knows of maintenances beside what was said of them, and the lists that there are of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.incident import MAINTENANCE_STATUSES
from tocsin.domain.maintenance import ByClock, Due, Times
from tocsin.store import incidents
from tocsin.store.engine import Connection
from tocsin.store.incidents import Incident

_COLUMNS: Final = "m.incident_id, m.auto_start, m.auto_complete, m.remind_before"
_WRITE: Final = """
    INSERT INTO maintenance (incident_id, auto_start, auto_complete, remind_before, due_at)
    SELECT id, $2, $3, $4, $5 FROM incident WHERE public_id = $1
    ON CONFLICT (incident_id) DO UPDATE SET auto_start = excluded.auto_start, auto_complete = excluded.auto_complete,
      remind_before = excluded.remind_before, due_at = excluded.due_at
"""


class Maintenance(NamedTuple):
    incident: Incident
    by_clock: ByClock


class Heading(NamedTuple):
    """The title of one version, and the set of audiences that it addressed."""

    audiences: int
    notify: bool
    title: str
    titles: dict[str, str]


async def write(connection: Connection, incident: str, by_clock: ByClock, due: Due | None) -> None:
    """Write what the clock does about the maintenance with the id `incident`, and when it does the next thing."""
    due_at = None if due is None else due.at.timestamp()
    remind_before = round(by_clock.remind_before.total_seconds())
    await connection.execute(_WRITE, incident, by_clock.auto_start, by_clock.auto_complete, remind_before, due_at)


async def find_and_lock(connection: Connection, which: str) -> Maintenance | None:
    """Return the maintenance with the id or ref `which`, locked until the transaction ends; None for an incident."""
    incident = await incidents.find_and_lock(connection, which)
    row = None
    if incident is not None:
        row = await connection.fetchrow(f"SELECT {_COLUMNS} FROM maintenance m WHERE incident_id = $1", incident.id)
    return None if incident is None or row is None else Maintenance(incident, _by_clock(*row[1:]))


async def find(connection: AsyncConnection, which: str) -> Maintenance | None:
    """Return the same without a lock."""
    incident = await incidents.find(connection, which)
    found = await by_clock(connection, [incident]) if incident is not None else {}
    return None if incident is None or incident.id not in found else Maintenance(incident, found[incident.id])


async def read_page(
    connection: AsyncConnection, times: Times | None, *, before: int | None, limit: int
) -> list[Maintenance]:
    """Return `limit` maintenances with a number below `before`, those that were written last first."""
    statuses = MAINTENANCE_STATUSES if times is None else times.statuses
    shown = await incidents.read_page(connection, statuses, before=before, limit=limit)
    found = await by_clock(connection, shown)
    return [Maintenance(incident, found[incident.id]) for incident in shown]


async def by_clock(connection: AsyncConnection, shown: Sequence[Incident]) -> dict[int, ByClock]:
    """Return what the clock does about those of `shown` that are maintenances, by their numbers."""
    rows = await connection.execute(
        text(f"SELECT {_COLUMNS} FROM maintenance m WHERE incident_id = ANY(:ids)"), {"ids": [one.id for one in shown]}
    )
    return {number: _by_clock(*wanted) for number, *wanted in rows}


async def told_so_far(connection: Connection, maintenance: Maintenance) -> list[Heading]:
    """Return under which headings a maintenance was told of, and to whom, the newest first."""
    rows = await connection.fetch(
        "SELECT audiences, notify, title, titles FROM incident_update WHERE incident_id = $1 ORDER BY version DESC",
        maintenance.incident.id,
    )
    return [Heading(*row) for row in rows]


async def due(connection: Connection) -> list[str]:
    """Return the maintenances about which the clock has something to do, the longest overdue first."""
    rows = await connection.fetch(
        """
        SELECT i.public_id FROM maintenance m JOIN incident i ON i.id = m.incident_id
        WHERE m.due_at <= tocsin_epoch() ORDER BY m.due_at LIMIT 100
        """
    )
    return [row["public_id"] for row in rows]


def _by_clock(auto_start: bool, auto_complete: bool, remind_before: int) -> ByClock:  # noqa: FBT001 - columns
    return ByClock(auto_start, auto_complete, timedelta(seconds=remind_before))
