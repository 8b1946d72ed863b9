"""The ledger as it is read: rows, counts, and the evidence behind one row.

`sending` is not stored: it is an unfinished row that an open attempt names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.delivery import Reason, State
from tocsin.store.mutes import COVERS

# Who is deleted leaves rows behind; they are named by a number then.
_GONE: Final = "gone-"
_LARGEST_INT: Final = 2**31 - 1

OPEN: Final = """
    SELECT x.update_id, x.bucket_id, x.endpoint_id
    FROM attempt a, unnest(a.updates, a.row_buckets, a.endpoints) AS x (update_id, bucket_id, endpoint_id)
    WHERE a.finished_at IS NULL
"""
# A pause is not written to the rows that it keeps back.
REASON: Final = "CASE WHEN d.state = 'pending' AND p.paused_at IS NOT NULL THEN 'channel_paused' ELSE d.reason END"
_COLUMNS: Final = f"""
    SELECT d.update_id, d.bucket_id, d.endpoint_id, d.audience, d.tries, d.unknowns, d.code, d.since, d.due_at,
      d.done_at, d.receipt_at, d.message, d.rule, d.provider, d.provider_id,
      coalesce(d.note, CASE WHEN d.reason = 'muted' THEN (
        SELECT string_agg(m.reason, '; ' ORDER BY m.id) FROM mute m
        WHERE m.ended_at IS NULL AND (m.channel IS NULL OR m.channel = b.channel) AND {COVERS}) END) AS note,
      CASE WHEN d.state IN ('held', 'pending', 'unknown')
        AND (d.update_id, d.bucket_id, d.endpoint_id) IN ({OPEN}) THEN 'sending' ELSE d.state::text END AS state,
      {REASON} AS reason,
      u.public_id AS update_public_id, u.incident_id, u.version, b.channel, a.name AS audience_name,
      coalesce(e.public_id, '{_GONE}' || d.endpoint_id) AS endpoint_public_id, s.public_id AS subscriber_public_id
"""
_WITH_NAMES: Final = """
      JOIN incident_update u ON u.id = d.update_id
      JOIN bucket b ON b.id = d.bucket_id
      LEFT JOIN channel p ON p.name = b.channel
      LEFT JOIN audience a ON a.id = d.audience
      LEFT JOIN endpoint e ON e.id = d.endpoint_id
      LEFT JOIN subscriber s ON s.id = e.subscriber_id AND e.channel <> 'status_page'
"""
ROWS: Final = f"{_COLUMNS} FROM delivery d {_WITH_NAMES}"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One row. Times are seconds since the epoch."""

    update_id: int
    bucket_id: int
    endpoint_id: int
    incident_id: int
    id: str
    subscriber: str | None
    endpoint: str
    channel: str
    audience: str
    version: int
    state: State
    reason: str | None
    rule: str | None
    tries: int
    unknowns: int
    code: int | None
    since: float
    due_at: float | None
    done_at: float | None
    receipt_at: float | None
    message: int | None
    provider: str | None
    provider_id: str | None
    note: str | None

    @property
    def place(self) -> tuple[int, int, int]:
        return self.update_id, self.bucket_id, self.endpoint_id


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list is narrowed to; None: not by this."""

    state: State | None = None
    channel: str | None = None
    audience: int | None = None
    version: int | None = None
    reason: str | None = None


async def read_page(
    connection: AsyncConnection, incident_id: int, only: Filter, *, after: Sequence[int] | None, limit: int
) -> list[Delivery]:
    """Return `limit` rows of an incident behind the place `after`, oldest update first."""
    update, bucket, endpoint = after or (0, 0, 0)
    updates = await connection.execute(
        text("""
            SELECT id FROM incident_update WHERE incident_id = :incident AND id >= :update
              AND (CAST(:version AS int) IS NULL OR version = :version) ORDER BY id
        """),
        {"incident": incident_id, "update": update, "version": only.version},
    )
    found: list[Delivery] = []
    for number in updates.scalars().all():
        place = (bucket, endpoint) if number == update else (0, 0)
        found += await _read_part(connection, number, only, place, limit - len(found))
        if len(found) == limit:
            break
    return found


async def _read_part(
    connection: AsyncConnection, update: int, only: Filter, after: tuple[int, int], limit: int
) -> list[Delivery]:
    """Read one update's rows in the order of the primary key, so that a page costs what it shows."""
    wheres = ["d.update_id = :update", "(d.bucket_id, d.endpoint_id) > (:bucket, :endpoint)"]
    values: dict[str, Any] = {"update": update, "bucket": after[0], "endpoint": after[1], "limit": limit}
    if only.channel is not None:
        wheres.append("d.bucket_id IN (SELECT id FROM bucket WHERE channel = :channel)")
        values["channel"] = only.channel
    if only.audience is not None:
        wheres.append("d.audience = :audience")
        values["audience"] = only.audience
    if only.reason == Reason.CHANNEL_PAUSED:
        paused = "SELECT b.id FROM bucket b JOIN channel p ON p.name = b.channel WHERE p.paused_at IS NOT NULL"
        wheres.append(f"d.state = 'pending' AND d.bucket_id IN ({paused})")
    elif only.reason is not None:
        wheres.append("d.reason = :reason")
        values["reason"] = only.reason
    if only.state is State.SENDING:
        wheres.append(f"(d.update_id, d.bucket_id, d.endpoint_id) IN ({OPEN})")
        wheres.append("d.state IN ('held', 'pending', 'unknown')")
    elif only.state is not None:
        wheres.append("d.state = CAST(:state AS delivery_state)")
        wheres.append(f"(d.due_at IS NULL OR (d.update_id, d.bucket_id, d.endpoint_id) NOT IN ({OPEN}))")
        values["state"] = only.state
    rows = await connection.execute(
        text(f"""
            {_COLUMNS} FROM (
              SELECT * FROM delivery d WHERE {" AND ".join(wheres)} ORDER BY d.bucket_id, d.endpoint_id LIMIT :limit
            ) d {_WITH_NAMES} ORDER BY d.bucket_id, d.endpoint_id
        """),
        values,
    )
    return [delivery_of(row) for row in rows]


async def find(connection: AsyncConnection, delivery_id: str) -> Delivery | None:
    """Return the row so named: `<update>.<endpoint>`."""
    update, _, endpoint = delivery_id.partition(".")
    if not (update.isascii() and update.isalnum()):
        return None
    number = endpoint.removeprefix(_GONE)
    values: dict[str, Any] = {"update": update}
    if endpoint.startswith(_GONE) and number.isascii() and number.isdecimal() and int(number) <= _LARGEST_INT:
        where, values["endpoint"] = "d.endpoint_id = :endpoint AND e.id IS NULL", int(number)
    elif endpoint.isascii() and endpoint.isalnum():
        where = "d.endpoint_id = (SELECT id FROM endpoint WHERE public_id = :endpoint)"
        values["endpoint"] = endpoint
    else:
        return None
    rows = await connection.execute(
        text(f"""
            {ROWS} WHERE d.update_id = (SELECT id FROM incident_update WHERE public_id = :update) AND {where}
            ORDER BY d.due_at IS NULL, d.done_at DESC NULLS LAST LIMIT 1
        """),
        values,
    )
    row = rows.one_or_none()
    return None if row is None else delivery_of(row)


async def of_endpoints(connection: AsyncConnection, incident_id: int, endpoints: Sequence[int]) -> list[Delivery]:
    """Return all rows that an incident has for `endpoints`, newest version first."""
    rows = await connection.execute(
        text(f"""
            {ROWS} WHERE d.update_id IN (SELECT id FROM incident_update WHERE incident_id = :incident)
              AND d.endpoint_id = ANY(CAST(:endpoints AS int[])) ORDER BY u.version DESC, d.endpoint_id
        """),
        {"incident": incident_id, "endpoints": list(endpoints)},
    )
    return [delivery_of(row) for row in rows]


async def read_attempts(connection: AsyncConnection, delivery: Delivery) -> list[dict[str, Any]]:
    """Return the attempts that name a row, oldest first, each with what came of it for this row.

    A batch that several carried, each to its own addresses, is on record by its channel's name: the row knows who.
    """
    values = {"since": delivery.since, "endpoint": delivery.endpoint_id, "update": delivery.update_id}
    rows = await connection.execute(
        text("""
            SELECT a.id, CASE WHEN a.provider = a.channel THEN coalesce(:carrier, a.provider) ELSE a.provider END
              AS provider, a.worker, a.started_at, a.finished_at, a.lost,
              a.outcomes[x.n] AS outcome, a.notes[x.n] AS note
            FROM attempt a, unnest(a.endpoints, a.updates) WITH ORDINALITY AS x (endpoint_id, update_id, n)
            WHERE a.started_at >= :since AND a.endpoints @> ARRAY[CAST(:endpoint AS int)]
              AND x.endpoint_id = :endpoint AND x.update_id = :update
            ORDER BY a.id
        """),
        values | {"carrier": delivery.provider},
    )
    return [dict(row) for row in rows.mappings()]


async def read_receipts(connection: AsyncConnection, delivery: Delivery) -> list[dict[str, Any]]:
    """Return what the provider said later of the message that told this row."""
    rows = await connection.execute(
        text("""
            SELECT provider, kind, code, note, received_at FROM receipt
            WHERE update_id IN (:update, :message) AND endpoint_id = :endpoint ORDER BY id
        """),
        {"update": delivery.update_id, "message": delivery.message, "endpoint": delivery.endpoint_id},
    )
    return [dict(row) for row in rows.mappings()]


def delivery_of(row: Row[Any]) -> Delivery:
    return Delivery(
        update_id=row.update_id,
        bucket_id=row.bucket_id,
        endpoint_id=row.endpoint_id,
        incident_id=row.incident_id,
        id=f"{row.update_public_id}.{row.endpoint_public_id}",
        subscriber=row.subscriber_public_id,
        endpoint=row.endpoint_public_id,
        channel=row.channel,
        audience=row.audience_name or "",
        version=row.version,
        state=State(row.state),
        reason=row.reason,
        rule=row.rule,
        tries=row.tries,
        unknowns=row.unknowns,
        code=row.code,
        since=row.since,
        due_at=row.due_at,
        done_at=row.done_at,
        receipt_at=row.receipt_at,
        message=row.message,
        provider=row.provider,
        provider_id=row.provider_id,
        note=row.note,
    )
