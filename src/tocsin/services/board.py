"""Gathers what an operator looks at: an incident with its board, lists of deliveries, one delivery with its why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from tocsin.domain.audience import Audiences
from tocsin.domain.board import STATE_WORDS, Board
from tocsin.domain.delivery import Reason, State
from tocsin.domain.errors import NotFound
from tocsin.services.audiences import read_audiences
from tocsin.store import console as store
from tocsin.store import incidents
from tocsin.store.engine import begin
from tocsin.store.incidents import Incident, Update

PAGE_SIZE = 50
_MOST_OPEN = 200


@dataclass(frozen=True, slots=True)
class IncidentBoard:
    incident: Incident
    updates: list[Update]
    shown: Update
    board: Board
    audiences: Audiences
    now: datetime


@dataclass(frozen=True, slots=True)
class DeliveryList:
    incident: Incident
    version: int
    update: str
    board: Board
    rows: list[store.Row]
    more: str | None


@dataclass(frozen=True, slots=True)
class DeliveryStory:
    """One delivery with everything that is known of it, and why it stands as it does."""

    incident: Incident
    version: int
    delivery: store.Whole
    tries: list[store.Try]
    reports: list[store.Report]
    why: str


async def list_incidents(
    engine: AsyncEngine, before: int | None
) -> tuple[list[Incident], list[Incident], datetime, int | None]:
    """Return the open incidents, a page of those that are over, the time, and where the next page begins."""
    async with begin(engine) as connection:
        now = await store.now(connection)
        open_: Sequence[Incident] = []
        if before is None:
            open_ = await incidents.read_page(connection, is_open=True, before=None, limit=_MOST_OPEN)
        over = await incidents.read_page(connection, is_open=False, before=before, limit=PAGE_SIZE + 1)
    more = over[PAGE_SIZE - 1].id if len(over) > PAGE_SIZE else None
    gravest_first = sorted(open_, key=lambda incident: incident.latest.snapshot.severity)
    return gravest_first, list(over[:PAGE_SIZE]), now, more


async def read_board(engine: AsyncEngine, which: str, version: int | None) -> IncidentBoard:
    """Return an incident with the board of one version, the newest where none is named."""
    async with begin(engine) as connection:
        incident, number, shown = await _find(connection, which, version)
        return IncidentBoard(
            incident=incident,
            updates=await incidents.read_updates(connection, incident.id),
            shown=shown,
            board=Board.of(await store.tally(connection, number)),
            audiences=await read_audiences(connection),
            now=await store.now(connection),
        )


async def list_deliveries(
    engine: AsyncEngine, which: str, version: int | None, listed: store.Listed, after: str
) -> DeliveryList:
    """Return a page of an update's deliveries."""
    async with begin(engine) as connection:
        incident, number, shown = await _find(connection, which, version)
        board = Board.of(await store.tally(connection, number))
        rows = await store.rows(connection, number, listed, _place(after), PAGE_SIZE + 1)
    more = f"{rows[PAGE_SIZE - 1].bucket}.{rows[PAGE_SIZE - 1].endpoint}" if len(rows) > PAGE_SIZE else None
    return DeliveryList(incident, shown.snapshot.version, shown.public_id, board, rows[:PAGE_SIZE], more)


async def read_delivery(engine: AsyncEngine, delivery_id: str) -> DeliveryStory:
    """Return one delivery with its attempts and receipts."""
    update, _, endpoint = delivery_id.partition(".")
    async with begin(engine) as connection:
        delivery = await store.whole(connection, update, endpoint)
        if delivery is None:
            raise NotFound(f"There is no delivery {delivery_id!r}.")
        incident_number, version = await store.version_of(connection, delivery.update)
        incident = await incidents.find(connection, f"INC-{incident_number}")
        assert incident is not None
        return DeliveryStory(
            incident=incident,
            version=version,
            delivery=delivery,
            tries=await store.tries(connection, delivery),
            reports=await store.reports(connection, delivery),
            why=why(delivery),
        )


def why(delivery: store.Whole) -> str:
    """Say in words why a delivery stands as it does."""
    who = f"This address hears what is written for {delivery.audience}, and the update addresses them."
    state = f"It is {STATE_WORDS[State(delivery.state)]}"
    if delivery.reason:
        return f"{who} {state}: {Reason(delivery.reason).words}."
    return f"{who} {state}."


async def _find(connection: AsyncConnection, which: str, version: int | None) -> tuple[Incident, int, Update]:
    incident = await incidents.find(connection, which)
    if incident is None:
        raise NotFound(f"There is no incident {which!r}.")
    updates = await incidents.read_updates(connection, incident.id)
    wanted = version or incident.latest.snapshot.version
    shown = next((update for update in updates if update.snapshot.version == wanted), None)
    if shown is None:
        raise NotFound(f"{incident.ref} has no version {version}.")
    number = await store.update_number(connection, incident.id, shown.snapshot.version)
    assert number is not None
    return incident, number, shown


def _place(after: str) -> tuple[int, int]:
    bucket, _, endpoint = after.partition(".")
    return (int(bucket), int(endpoint)) if bucket.isdecimal() and endpoint.isdecimal() else (0, 0)
