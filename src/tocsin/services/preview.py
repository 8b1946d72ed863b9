"""Shows what an update would do before it is posted: who would hear it, in which words, and what to think about.

Everything is read in one transaction that cannot write, by the same rules and words as the update itself would be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from tocsin.domain.audience import Audiences
from tocsin.domain.ids import new_public_id
from tocsin.domain.maintenance import ByClock
from tocsin.domain.policy import Policy
from tocsin.domain.update import Draft, Snapshot
from tocsin.services import publish
from tocsin.services.schedule import first_word
from tocsin.store import incidents
from tocsin.store import preview as store
from tocsin.store.engine import bare, look
from tocsin.store.preview import Counted
from tocsin.store.wording import Named, Words


@dataclass(frozen=True, slots=True)
class Preview:
    """`words` are those of the update that would be written, under names that nobody will use."""

    snapshot: Snapshot
    reach: Sequence[Counted]
    words: Words
    names: Mapping[str, Named]

    @property
    def begins(self) -> bool:
        return self.snapshot.version == 1

    def hearers(self, channel: str | None = None, audience: int | None = None) -> dict[str, int]:
        """Return how many endpoints would hear, by locale, the most first."""
        found: dict[str, int] = {}
        for one in self.reach:
            if one.state == "pending" and channel in {None, one.channel} and audience in {None, one.audience}:
                found[one.locale] = found.get(one.locale, 0) + one.n
        return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


async def preview_incident(engine: AsyncEngine, draft: Draft, policy: Policy, audiences: Audiences) -> Preview:
    """Return what `open_incident` would do with `draft`; raise what it would raise."""
    async with look(engine) as connection:
        snapshot, now = await publish.plan_first(await bare(connection), draft, policy, audiences)
        reach = await store.count(connection, 0, snapshot, policy, audiences)
        words = words_of(snapshot, new_public_id(), draft.started_at or now, now, has_page=snapshot.is_public)
        return Preview(snapshot, reach, words, await store.component_names(connection))


async def preview_maintenance(
    engine: AsyncEngine, draft: Draft, by_clock: ByClock, policy: Policy, audiences: Audiences
) -> Preview:
    """Return what `schedule` would do with `draft`; raise what it would raise."""
    async with look(engine) as connection:
        ready, _ = await first_word(await bare(connection), draft, by_clock)
    return await preview_incident(engine, ready, policy, audiences)


async def preview_update(
    engine: AsyncEngine, which: str, draft: Draft, policy: Policy, audiences: Audiences
) -> Preview:
    """Return what `add_update` would do with `draft`; raise what it would raise."""
    async with look(engine) as connection:
        incident = await incidents.find(connection, which)
        if incident is None:
            raise publish.no_incident(which)
        snapshot, now = await publish.plan_next(await bare(connection), incident, draft, policy, audiences)
        reach = await store.count(connection, incident.id, snapshot, policy, audiences)
        words = await _words_about(connection, incident, snapshot, now)
        return Preview(snapshot, reach, words, await store.component_names(connection))


async def show_latest(engine: AsyncEngine, which: str) -> Preview:
    """Return the newest version of an incident as it was said, with those whom it was meant for."""
    async with look(engine) as connection:
        incident = await incidents.find(connection, which)
        if incident is None:
            raise publish.no_incident(which)
        words = await _words_about(connection, incident, incident.latest.snapshot, incident.latest.created_at)
        reach = await store.written(connection, incident.latest.public_id)
        return Preview(incident.latest.snapshot, reach, words, await store.component_names(connection))


async def _words_about(
    connection: AsyncConnection, incident: incidents.Incident, snapshot: Snapshot, now: datetime
) -> Words:
    has_page = snapshot.is_public or await store.has_page(connection, incident.id)
    return words_of(snapshot, incident.public_id, incident.started_at, now, has_page=has_page)


def words_of(snapshot: Snapshot, incident: str, started_at: datetime, now: datetime, *, has_page: bool) -> Words:
    """Return what an update says, as it would be read from the store."""
    return Words(
        update_id=0,
        incident=incident,
        version=snapshot.version,
        status=snapshot.status,
        severity=int(snapshot.severity),
        impact=snapshot.impact,
        phase=int(snapshot.phase),
        title=snapshot.title,
        titles=dict(snapshot.titles),
        body=snapshot.body,
        texts=dict(snapshot.texts),
        components={slug: status.value for slug, status in snapshot.components.items()},
        next_update_at=snapshot.next_update_at,
        started_at=snapshot.window.starts_at if snapshot.window else started_at,
        created_at=now,
        has_page=has_page,
        update=new_public_id(),
        scheduled_for=snapshot.window.starts_at if snapshot.window else None,
        scheduled_until=snapshot.window.ends_at if snapshot.window else None,
    )
