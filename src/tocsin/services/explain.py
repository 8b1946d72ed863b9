"""Says for each of somebody's addresses why it heard of an incident, or did not: in a sentence, with the rule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.endpoint import EndpointState
from tocsin.domain.why import why
from tocsin.store import incidents, ledger
from tocsin.store.incidents import Incident
from tocsin.store.ledger import Delivery
from tocsin.store.subscribers import Endpoint, Subscriber

Shown = Callable[[float], str]


@dataclass(frozen=True, slots=True)
class Explained:
    """One address, why it heard or not, and its ledger rows about the incident, the newest version first."""

    endpoint: Endpoint
    why: str
    rows: Sequence[Delivery]


async def explain(
    connection: AsyncConnection, who: Subscriber, incident: Incident, shown: Shown
) -> Sequence[Explained]:
    """Return what each address of a subscriber heard of an incident; `shown` writes a time."""
    updates = await incidents.read_updates(connection, incident.id)
    rows = await ledger.of_endpoints(connection, incident.id, [endpoint.id for endpoint in who.endpoints])
    addressed = any(update.snapshot.audiences & who.audiences for update in updates)
    found: list[Explained] = []
    for endpoint in who.endpoints:
        theirs = [row for row in rows if row.endpoint_id == endpoint.id]
        found.append(Explained(endpoint, _of_endpoint(theirs, endpoint, shown, addressed=addressed), theirs))
    return found


def why_of(row: Delivery, shown: Shown) -> str:
    """Say why one row stands as it does, with the rule that decided."""

    def at(seconds: float | None) -> str | None:
        return None if seconds is None else shown(seconds)

    return why(
        row.state,
        row.reason,
        due_at=at(row.due_at),
        done_at=at(row.done_at),
        receipt_at=at(row.receipt_at),
        provider=row.provider,
        note=row.note,
        rule=row.rule,
    )


def _of_endpoint(rows: Sequence[Delivery], endpoint: Endpoint, shown: Shown, *, addressed: bool) -> str:
    said = _of_rows(rows, shown, addressed=addressed)
    if endpoint.trouble is not None:
        return f"{said} The address is in trouble: {endpoint.trouble.words(shown)}"
    if endpoint.state is EndpointState.QUARANTINED and endpoint.state_reason:
        return f"{said} The address is in quarantine: {endpoint.state_reason}"
    return said


def _of_rows(rows: Sequence[Delivery], shown: Shown, *, addressed: bool) -> str:
    for row in rows:
        return f"Version {row.version}: {why_of(row, shown)}"
    if not addressed:
        return "No update of this incident addressed an audience that they belong to."
    return "No update was published since they subscribed here, or its rows are being written this moment."
