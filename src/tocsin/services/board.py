"""Gathers what an operator looks at: an incident with its board, lists of deliveries, one delivery with its why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from tocsin.domain.audience import Audiences
from tocsin.domain.board import Board
from tocsin.domain.delivery import Reason
from tocsin.domain.errors import NotFound
from tocsin.domain.incident import OPEN_INCIDENTS, PAST_INCIDENTS
from tocsin.domain.language import ENGLISH
from tocsin.domain.why import why
from tocsin.services.audiences import read_audiences
from tocsin.services.publish import no_incident
from tocsin.store import console as store
from tocsin.store import incidents, ledger
from tocsin.store.engine import begin
from tocsin.store.incidents import Incident, Update
from tocsin.store.ledger import Delivery, Filter
from tocsin.store.progress import read_progress

PAGE_SIZE = 50
_MOST_OPEN = 200


@dataclass(frozen=True, slots=True)
class IncidentBoard:
    """`seconds` are those until half, 95 % and 99 % of those who heard had heard; `paused`: who waits, by channel."""

    incident: Incident
    updates: list[Update]
    shown: Update
    board: Board
    paused: Mapping[str, int]
    seconds: tuple[float, float, float] | None
    is_written: bool
    audiences: Audiences
    now: datetime


@dataclass(frozen=True, slots=True)
class DeliveryList:
    incident: Incident
    version: int
    board: Board
    rows: Sequence[Delivery]
    people: Mapping[int, store.Person]
    more: str | None

    @property
    def is_latest(self) -> bool:
        return self.version == self.incident.latest.snapshot.version


@dataclass(frozen=True, slots=True)
class DeliveryStory:
    """One delivery with everything that is known of it, and why it stands as it does."""

    incident: Incident
    delivery: Delivery
    person: store.Person | None
    attempts: Sequence[Mapping[str, Any]]
    receipts: Sequence[Mapping[str, Any]]
    why: str

    @property
    def trouble(self) -> str | None:
        """Return in words what keeps its address from taking anything."""
        if self.person is None:
            return None
        trouble = self.person.trouble
        return self.person.state_reason if trouble is None else trouble.words(_moment)


async def list_incidents(
    engine: AsyncEngine, before: int | None
) -> tuple[Sequence[Incident], Sequence[Incident], datetime, int | None]:
    """Return the open incidents, a page of those that are over, the time, and where the next page begins."""
    async with begin(engine) as connection:
        now = await store.now(connection)
        open_: Sequence[Incident] = []
        if before is None:
            open_ = await incidents.read_page(connection, OPEN_INCIDENTS, before=None, limit=_MOST_OPEN)
        over = await incidents.read_page(connection, PAST_INCIDENTS, before=before, limit=PAGE_SIZE + 1)
    more = over[PAGE_SIZE - 1].id if len(over) > PAGE_SIZE else None
    gravest_first = sorted(open_, key=lambda incident: incident.latest.snapshot.severity)
    return gravest_first, over[:PAGE_SIZE], now, more


async def read_board(engine: AsyncEngine, which: str, version: int | None) -> IncidentBoard:
    """Return an incident with the board of one version, the newest where none is named."""
    async with begin(engine) as connection:
        incident, updates, shown = await _find(connection, which, version)
        progress = await read_progress(connection, shown.public_id)
        return IncidentBoard(
            incident=incident,
            updates=updates,
            shown=shown,
            board=Board.of(await store.tally(connection, shown.public_id)),
            paused={one.channel: one.n for one in progress.counts if one.reason == Reason.CHANNEL_PAUSED},
            seconds=progress.seconds,
            is_written=progress.written,
            audiences=await read_audiences(connection),
            now=await store.now(connection),
        )


async def list_deliveries(
    engine: AsyncEngine, which: str, version: int | None, only: Filter, audience: str, after: str
) -> DeliveryList:
    """Return a page of one version's deliveries, narrowed to `only` and, where one is named, an audience."""
    async with begin(engine) as connection:
        incident, _, shown = await _find(connection, which, version)
        number = shown.snapshot.version
        narrowed = Filter(only.state, only.channel, await _audience(connection, audience), number)
        rows = await ledger.read_page(connection, incident.id, narrowed, after=_place(after), limit=PAGE_SIZE + 1)
        more = ".".join(map(str, rows[PAGE_SIZE - 1].place)) if len(rows) > PAGE_SIZE else None
        rows = rows[:PAGE_SIZE]
        people = await store.people(connection, [row.endpoint_id for row in rows])
        board = Board.of(await store.tally(connection, shown.public_id))
    return DeliveryList(incident, number, board, rows, people, more)


async def read_delivery(engine: AsyncEngine, delivery_id: str) -> DeliveryStory:
    """Return one delivery with its attempts and receipts."""
    async with begin(engine) as connection:
        delivery = await ledger.find(connection, delivery_id)
        if delivery is None:
            raise NotFound(f"There is no delivery {delivery_id!r}.")
        incident = await incidents.find(connection, f"INC-{delivery.incident_id}")
        assert incident is not None  # a row names an update, and that its incident
        return DeliveryStory(
            incident=incident,
            delivery=delivery,
            person=(await store.people(connection, [delivery.endpoint_id])).get(delivery.endpoint_id),
            attempts=await ledger.read_attempts(connection, delivery),
            receipts=await ledger.read_receipts(connection, delivery),
            why=in_words(delivery),
        )


def in_words(row: Delivery) -> str:
    """Say why a delivery stands as it does."""
    return why(
        row.state,
        row.reason,
        due_at=_clock(row.due_at),
        done_at=_clock(row.done_at),
        receipt_at=_clock(row.receipt_at),
        provider=row.provider,
        note=row.note,
    )


async def _find(connection: AsyncConnection, which: str, version: int | None) -> tuple[Incident, list[Update], Update]:
    incident = await incidents.find(connection, which)
    if incident is None:
        raise no_incident(which)
    updates = await incidents.read_updates(connection, incident.id)
    wanted = version or incident.latest.snapshot.version
    shown = next((update for update in updates if update.snapshot.version == wanted), None)
    if shown is None:
        raise NotFound(f"{incident.ref} has no version {version}.")
    return incident, updates, shown


async def _audience(connection: AsyncConnection, name: str) -> int | None:
    audiences = await read_audiences(connection)
    if name and name not in audiences.names:
        raise NotFound(f"There is no audience {name!r}.")
    return audiences.named(name).id if name else None


def _place(after: str) -> tuple[int, int, int] | None:
    parts = after.split(".")
    if len(parts) != 3 or not all(part.isascii() and part.isdecimal() and len(part) < 10 for part in parts):  # noqa: PLR2004 - update, bucket, endpoint; 31 bits
        return None
    return int(parts[0]), int(parts[1]), int(parts[2])


def _moment(seconds: float) -> str:
    return ENGLISH.moment(datetime.fromtimestamp(seconds, UTC))


def _clock(seconds: float | None) -> str | None:
    return None if seconds is None else ENGLISH.clock(datetime.fromtimestamp(seconds, UTC))
