"""Incidents and their updates: written with the promise that announces them, read for whoever asks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import asyncpg
from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.component import ComponentStatus
from tocsin.domain.incident import Impact, Kind, Phase, Severity, Status
from tocsin.domain.maintenance import Window
from tocsin.domain.update import Snapshot
from tocsin.store.engine import Connection
from tocsin.store.statement import Statement

_LARGEST_INT: Final = 2**31 - 1
_REF: Final = "INC-"

_UPDATE_COLUMNS = """public_id, incident_id, version, status, severity, impact, kind, phase, title, titles, body, texts,
  components, audiences, is_public, notify, next_update_at, metadata, scheduled_for, scheduled_until,
  created_by, created_at"""

# The facts and the promise that announces them, in one statement; what is owed to nobody is a promise kept.
_SAY = f"""
    u AS (
      INSERT INTO incident_update ({_UPDATE_COLUMNS})
      SELECT :update_public_id, i.id, :version, :status, :severity, :impact, :kind, :phase, :title,
        CAST(:titles AS text)::jsonb, :body, CAST(:texts AS text)::jsonb, CAST(:components AS text)::jsonb, :audiences,
        :is_public, :notify, :next_update_at, CAST(:metadata AS text)::jsonb, :scheduled_for, :scheduled_until,
        :created_by, :now
      FROM i RETURNING id
    ), o AS (
      INSERT INTO outbox (kind, update_id, urgent, due_at, done_at) SELECT 'fan_out', u.id, :urgent,
        CASE WHEN CAST(:is_owed AS bool) THEN tocsin_epoch() END, CASE WHEN NOT :is_owed THEN :now END FROM u
    )
    SELECT i.id FROM i
"""

_OPEN = Statement(
    """
    WITH i AS (
      INSERT INTO incident (public_id, version, status, severity, title, metadata, started_at, resolved_at,
        next_update_at, created_at, updated_at)
      VALUES (:public_id, :version, :status, :severity, :title, CAST(:metadata AS text)::jsonb, :started_at,
        :resolved_at, :next_update_at, :now, :now)
      RETURNING id
    ),"""
    + _SAY
)
_FOLLOW = Statement(
    """
    WITH i AS (
      UPDATE incident SET version = :version, status = :status, severity = :severity, title = :title,
        metadata = metadata || CAST(:metadata AS text)::jsonb, resolved_at = :resolved_at,
        next_update_at = :next_update_at, updated_at = :now
      WHERE id = :incident_id
      RETURNING id
    ),"""
    + _SAY
)
_BY_ID, _BY_PUBLIC_ID = "i.id = {}", "i.public_id = {}"
_INCIDENT = """
    SELECT i.public_id AS incident_public_id, i.started_at, i.resolved_at, i.created_at AS opened_at,
      i.updated_at, i.metadata AS incident_metadata, u.*
    FROM incident i JOIN incident_update u ON u.incident_id = i.id AND u.version = i.version
"""
_UPDATES = text(f"SELECT {_UPDATE_COLUMNS} FROM incident_update WHERE incident_id = :incident_id ORDER BY version DESC")


@dataclass(frozen=True, slots=True)
class Update:
    """A snapshot as stored."""

    public_id: str
    snapshot: Snapshot
    created_by: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident with its newest update."""

    id: int
    public_id: str
    started_at: datetime
    resolved_at: datetime | None
    created_at: datetime
    updated_at: datetime
    metadata: dict[str, Any]
    latest: Update

    @property
    def ref(self) -> str:
        return f"{_REF}{self.id}"


async def insert(
    connection: Connection,
    *,
    public_id: str,
    update_public_id: str,
    snapshot: Snapshot,
    started_at: datetime,
    now: datetime,
    urgent: bool,
    created_by: str,
) -> int:
    """Write a new incident, its first update and the promise to tell of it; return the incident's number."""
    values = _values(snapshot, update_public_id, now, created_by, urgent=urgent)
    resolved_at = None if snapshot.status.is_open else now
    values |= {"public_id": public_id, "started_at": started_at, "resolved_at": resolved_at}
    return int(await connection.fetchval(_OPEN.sql, *_OPEN.values(values)))


async def add(
    connection: Connection,
    incident: Incident,
    *,
    update_public_id: str,
    snapshot: Snapshot,
    now: datetime,
    urgent: bool,
    created_by: str,
) -> None:
    """Write the next version of a locked incident, and the promise to tell of it."""
    values = _values(snapshot, update_public_id, now, created_by, urgent=urgent)
    resolved_at = None if snapshot.status.is_open else incident.resolved_at or now
    values |= {"incident_id": incident.id, "resolved_at": resolved_at}
    await connection.execute(_FOLLOW.sql, *_FOLLOW.values(values))


async def find(connection: AsyncConnection, which: str) -> Incident | None:
    """Return the incident with the id or ref `which`."""
    where, value = _which(which)
    if value is None:
        return None
    found = await connection.execute(text(f"{_INCIDENT} WHERE {where.format(':value')}"), {"value": value})
    row = found.mappings().one_or_none()
    return None if row is None else _incident(row)


async def find_and_lock(connection: Connection, which: str) -> Incident | None:
    """Return the incident with the id or ref `which`, locked against other writers until the transaction ends."""
    where, value = _which(which)
    if value is None:
        return None
    where = where.format("$1")
    # Lock first and read in a second statement, so that what is read is newer than the lock.
    await connection.execute(f"SELECT 1 FROM incident i WHERE {where} FOR UPDATE", value)
    row = await connection.fetchrow(f"{_INCIDENT} WHERE {where}", value)
    return None if row is None else _incident(row)


async def read_updates(connection: AsyncConnection, incident_id: int) -> list[Update]:
    """Return all updates of an incident, newest first."""
    found = await connection.execute(_UPDATES, {"incident_id": incident_id})
    return [_update(row) for row in found.mappings()]


async def read_page(
    connection: AsyncConnection, statuses: Sequence[Status], *, before: int | None, limit: int
) -> Sequence[Incident]:
    """Return `limit` incidents, or maintenances, in one of `statuses` with a number below `before`, newest first."""
    rows = await connection.execute(
        text(f"{_INCIDENT} WHERE i.id < :before AND i.status = ANY(:statuses) ORDER BY i.id DESC LIMIT :limit"),
        {"before": before if before is not None else _LARGEST_INT, "statuses": list(statuses), "limit": limit},
    )
    return [_incident(row) for row in rows.mappings()]


def _which(which: str) -> tuple[str, int | str | None]:
    number = which.upper().removeprefix(_REF)
    if which.upper().startswith(_REF):
        if number.isascii() and number.isdecimal() and int(number) <= _LARGEST_INT:
            return _BY_ID, int(number)
        return "", None
    if which.isascii() and which.isalnum():
        return _BY_PUBLIC_ID, which
    return "", None


def _values(snapshot: Snapshot, public_id: str, now: datetime, created_by: str, *, urgent: bool) -> dict[str, Any]:
    return {
        "update_public_id": public_id,
        "version": snapshot.version,
        "status": snapshot.status,
        "severity": int(snapshot.severity),
        "impact": snapshot.impact,
        "kind": snapshot.kind,
        "phase": int(snapshot.phase),
        "title": snapshot.title,
        "titles": json.dumps(dict(snapshot.titles)),
        "body": snapshot.body,
        "texts": json.dumps(dict(snapshot.texts)),
        "components": json.dumps(dict(snapshot.components)),
        "audiences": snapshot.audiences,
        "is_public": snapshot.is_public,
        "notify": snapshot.notify,
        "next_update_at": snapshot.next_update_at,
        "metadata": json.dumps(dict(snapshot.metadata)),
        "scheduled_for": snapshot.window.starts_at if snapshot.window else None,
        "scheduled_until": snapshot.window.ends_at if snapshot.window else None,
        "created_by": created_by,
        "urgent": urgent,
        "is_owed": snapshot.is_owed,
        "now": now,
    }


def _incident(row: RowMapping | asyncpg.Record) -> Incident:
    return Incident(
        id=row["incident_id"],
        public_id=row["incident_public_id"],
        started_at=row["started_at"],
        resolved_at=row["resolved_at"],
        created_at=row["opened_at"],
        updated_at=row["updated_at"],
        metadata=row["incident_metadata"],
        latest=_update(row),
    )


def _update(row: RowMapping | asyncpg.Record) -> Update:
    snapshot = Snapshot(
        version=row["version"],
        status=Status(row["status"]),
        severity=Severity(row["severity"]),
        impact=Impact(row["impact"]),
        kind=Kind(row["kind"]),
        phase=Phase(row["phase"]),
        title=row["title"],
        titles=row["titles"],
        body=row["body"],
        texts=row["texts"],
        components={slug: ComponentStatus(status) for slug, status in row["components"].items()},
        audiences=row["audiences"],
        is_public=row["is_public"],
        notify=row["notify"],
        next_update_at=row["next_update_at"],
        metadata=row["metadata"],
        window=Window(row["scheduled_for"], row["scheduled_until"]) if row["scheduled_for"] else None,
    )
    return Update(row["public_id"], snapshot, row["created_by"], row["created_at"])
