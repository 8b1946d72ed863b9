"""Writes the ledger: one row for each endpoint in the audience, in set-based SQL, a chunk of buckets at a time.

Safe to repeat from the start: a chunk is one transaction, its rows are unique, and its buckets are locked in the order
of their ids, so that a claim sees a chunk's rows all or not at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tocsin.domain.audience import Audiences
from tocsin.domain.incident import ALL_PHASES, Phase, Severity, Status, is_urgent
from tocsin.domain.incident import Kind as IncidentKind
from tocsin.domain.policy import Policy
from tocsin.store.engine import Connection
from tocsin.store.evaluation import Kind, statement
from tocsin.store.mutes import MEANT, WRITTEN, muted_channels


@dataclass(frozen=True, slots=True)
class FanOut:
    """One update as the fan-out needs it. `components` and `groups` are ids, none where the update concerns everyone.

    `muted` are channels, `cells` what the policy has for this severity: audience, channel, phases, whether it is the
    most that is allowed, whether it is for those alone who chose a component. A maintenance has no severity that
    anybody asked to be spared, 0, and nobody must hear of it.
    """

    update_id: int
    incident_id: int
    version: int
    severity: int
    phase: Phase
    closes: bool
    audiences: int
    is_public: bool
    notify: bool
    urgent: bool
    components: list[int]
    groups: list[int]
    older: list[int]
    muted: list[str]
    cells: list[tuple[int, str, int, bool, bool]]
    kind: Kind


class Visit(NamedTuple):
    """A bucket that may hold someone of the audience: first comes the page's circle, then rank by rank."""

    bucket: int
    circle: int


async def read_update(connection: Connection, update_id: int, policy: Policy, audiences: Audiences) -> FanOut:
    """Read what the fan-out of one update needs to know."""
    return await _read(connection, WRITTEN, update_id, policy, audiences)


async def read_meant(connection: Connection, update: str, policy: Policy, audiences: Audiences) -> FanOut:
    """Read the same for an update that nobody has written: `update` is its row, as JSON."""
    return await _read(connection, MEANT, update, policy, audiences)


async def _read(connection: Connection, source: str, value: int | str, policy: Policy, audiences: Audiences) -> FanOut:
    row = await connection.fetchrow(
        f"""
        SELECT u.*, coalesce((SELECT array_agg(c.id) FROM component c WHERE u.components ? c.slug), '{{}}') AS affected,
          coalesce((SELECT array_agg(DISTINCT c.group_id) FROM component c
                    WHERE u.components ? c.slug AND c.group_id IS NOT NULL), '{{}}') AS groups,
          EXISTS (SELECT FROM endpoint WHERE state = 'quarantined' AND fallback_id IS NOT NULL) AS stands_in,
          coalesce((SELECT array_agg(o.id) FROM incident_update o
                    WHERE o.incident_id = u.incident_id AND o.version < u.version), '{{}}') AS older
        FROM {source} u
        """,
        value,
    )
    assert row is not None, f"the outbox names update {value}, which is held by a foreign key"
    status, severity, older = Status(row["status"]), Severity(row["severity"]), list(row["older"])
    must_hear = () if status.is_maintenance else policy.required_of(severity, IncidentKind(row["kind"]))
    cells = [
        (audiences.named(audience).id, channel.value, int(cell.phases), cell.most, cell.chosen)
        for (audience, channel, of), cell in policy.cells.items()
        if of is severity and (cell.phases != ALL_PHASES or cell.most or cell.chosen)
    ]
    return FanOut(
        update_id=row["id"],
        incident_id=row["incident_id"],
        version=row["version"],
        severity=0 if status.is_maintenance else int(severity),
        phase=Phase(row["phase"]),
        closes=not status.is_open,
        audiences=row["audiences"],
        is_public=row["is_public"],
        notify=row["notify"],
        urgent=is_urgent(status, severity, policy.urgent),
        components=row["affected"],
        groups=row["groups"],
        older=older,
        muted=list(await muted_channels(connection, source, value)),
        cells=cells,
        kind=Kind(bool(older), audiences.mask(must_hear), row["stands_in"], any(chosen for *_, chosen in cells)),
    )


async def buckets_to_visit(connection: Connection, update: FanOut, audiences: Audiences) -> list[Visit]:
    """Return the buckets that may hold someone of the audience: the page first, then from the inside out.

    A bucket's rank is that of its endpoints' narrowest audience: further out than the widest that is addressed, there
    is nobody who is addressed.
    """
    silent = not update.notify and not update.closes
    rows = await connection.fetch(
        """
        SELECT id, CASE WHEN channel = 'status_page' THEN -1 ELSE rank END AS circle FROM bucket
        WHERE size > 0 AND CASE WHEN channel = 'status_page' THEN $3::bool ELSE rank <= $2 AND NOT $1::bool END
        ORDER BY circle, id
        """,
        silent,
        audiences.in_mask(update.audiences)[-1].rank,
        update.is_public,
    )
    return [Visit(row["id"], row["circle"]) for row in rows]


async def write_chunk(
    connection: Connection, update: FanOut, buckets: Sequence[int], audiences: Audiences
) -> dict[str, int]:
    """Write the rows of one chunk in one transaction; return how many became due, by channel."""
    async with connection.transaction():
        await connection.execute("SELECT id FROM bucket WHERE id = ANY($1::int[]) ORDER BY id FOR UPDATE", buckets)
        if not update.notify and update.closes and update.older:
            await _forget_unsent(connection, update, buckets)
        rows = await connection.fetch(statement(audiences, update.kind), *arguments(update, buckets))
    return {row["channel"]: row["n"] for row in rows}


def arguments(update: FanOut, buckets: Sequence[int]) -> tuple[object, ...]:
    """Return what the statements of `evaluation` are given."""
    return (
        update.update_id,
        list(buckets),
        update.audiences if update.notify else 0,
        update.is_public,
        update.severity,
        int(update.phase),
        update.components,
        update.older,
        update.incident_id,
        update.version,
        update.urgent,
        update.closes,
        update.muted,
        update.groups,
        *([cell[place] for cell in update.cells] for place in range(5 if update.kind.by_choice else 4)),
    )


async def _forget_unsent(connection: Connection, update: FanOut, buckets: Sequence[int]) -> None:
    """A silent end of an incident: what never went out is not news any more."""
    await connection.execute(
        """
        UPDATE delivery SET state = 'superseded', reason = 'newer_version', due_at = NULL, done_at = tocsin_epoch()
        WHERE update_id = ANY($1::int[]) AND bucket_id = ANY($2::int[]) AND state IN ('pending', 'held')
        """,
        update.older,
        list(buckets),
    )


async def analyze_if_young(connection: Connection, expected: int) -> None:
    """Refresh the ledger's statistics where they know far fewer rows than there are.

    A ledger that was empty at the last ANALYZE is planned as if it still were: superseding is 20 times slower then.
    """
    known = await connection.fetchval("SELECT reltuples FROM pg_class WHERE oid = 'delivery'::regclass")
    if known < expected:
        await connection.execute("ANALYZE delivery")
