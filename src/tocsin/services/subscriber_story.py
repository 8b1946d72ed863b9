"""Gathers what an operator looks at of one subscriber: who they are, what they chose, agreed to, were told, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.channel import ChannelName
from tocsin.domain.incident import OPEN_INCIDENTS
from tocsin.domain.language import ENGLISH
from tocsin.domain.opting_in import OptIn
from tocsin.domain.sentence import sentence
from tocsin.services.change_subscriber import show_subscriber
from tocsin.services.choose import chosen, paused_until
from tocsin.services.explain import Explained, explain, why_of
from tocsin.services.publish import no_incident
from tocsin.store import chooser, consents, incidents, mine, opt_ins
from tocsin.store.consents import Consent
from tocsin.store.incidents import Incident
from tocsin.store.lately import Owed, lately
from tocsin.store.subscribers import Endpoint, Subscriber

_MOST_ROWS = 50
_MOST_OPEN = 50


@dataclass(frozen=True, slots=True)
class SubscriberStory:
    """`incident` and `explained` are of the incident that was asked about, None and empty where none was."""

    who: Subscriber
    names: dict[str, str]
    evidence: Sequence[Consent]
    waiting: Sequence[OptIn]
    owed: Sequence[Owed]
    open: Sequence[Incident]
    incident: Incident | None
    explained: Sequence[Explained]
    now: datetime
    paused_until: datetime | None

    def sentence_of(self, endpoint: Endpoint) -> str:
        """Return what an address gets, in the sentence that its owner reads."""
        return sentence(ENGLISH, ChannelName(endpoint.channel), chosen(endpoint), self.names)

    def trouble_of(self, endpoint: Endpoint) -> str:
        """Return why an address is as it is, where that is known."""
        return endpoint.trouble.words(in_english) if endpoint.trouble else endpoint.state_reason or ""

    def why(self, one: Owed) -> str:
        return why_of(one.row, in_english)

    @property
    def askable(self) -> list[tuple[str, str]]:
        """Return the incidents that one may ask about: those that are open, and those they had rows of lately."""
        found = {one.ref: one.latest.snapshot.title for one in self.open}
        for one in self.owed:
            found.setdefault(f"INC-{one.row.incident_id}", one.title)
        if self.incident is not None:
            found.setdefault(self.incident.ref, self.incident.latest.snapshot.title)
        return list(found.items())


async def read_subscriber(connection: AsyncConnection, public_id: str, which: str) -> SubscriberStory:
    """Return everything about a subscriber; raise NotFound where they, or the incident `which`, are not there."""
    who = await show_subscriber(connection, public_id)
    numbers = [endpoint.id for endpoint in who.endpoints]
    epoch, now = await mine.now(connection)
    incident = await _incident(connection, which) if which else None
    until = paused_until(who, epoch)
    return SubscriberStory(
        who=who,
        names=chooser.names(await chooser.read(connection)),
        evidence=await consents.of_subscribers(connection, [who.public_id]),
        waiting=await opt_ins.of_subscriber(connection, who.id),
        owed=await lately(connection, numbers, _MOST_ROWS),
        open=await incidents.read_page(connection, OPEN_INCIDENTS, before=None, limit=_MOST_OPEN),
        incident=incident,
        explained=await explain(connection, who, incident, in_english) if incident else (),
        now=now,
        paused_until=None if until is None else datetime.fromtimestamp(until, UTC),
    )


def in_english(seconds: float) -> str:
    return ENGLISH.moment(datetime.fromtimestamp(seconds, UTC))


async def _incident(connection: AsyncConnection, which: str) -> Incident:
    found = await incidents.find(connection, which)
    if found is None:
        raise no_incident(which)
    return found
