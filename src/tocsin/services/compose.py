"""Turns what a plan wants told into messages: the words once for everyone who reads the same, the rest per endpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tocsin.domain.audience import Audiences
from tocsin.domain.channel import Channel, Earlier, Message
from tocsin.domain.delivery import Rule, State
from tocsin.domain.language import Languages
from tocsin.domain.outline import Planned
from tocsin.domain.rows import Row, Version
from tocsin.domain.signing import signing_secret
from tocsin.domain.tokens import Signer
from tocsin.services.tell_story import Teller
from tocsin.store import threads as store
from tocsin.store import versions, wording
from tocsin.store.engine import Connection, Pool
from tocsin.store.threads import Thread

_MOST_RENDERED = 500
_MOST_VERSIONS = 20_000

_Reading = tuple[tuple[tuple[int, int], ...], str, str | None]  # ((update, audience), …), locale, rule


class Versions:
    """What this process knows of updates; they are immutable, so only newer ones are ever asked for."""

    def __init__(self) -> None:
        self.by_id: dict[int, Version] = {}
        self.by_incident: dict[int, list[Version]] = {}

    @property
    def are_many(self) -> bool:
        """Whether it is time to begin anew, once no batch is under way that goes by what is known."""
        return len(self.by_id) > _MOST_VERSIONS

    async def refresh(self, connection: Connection, live: Sequence[int], rows: Sequence[Row]) -> None:
        """Learn of every update named in `rows`, and of versions of their incidents that came since."""
        needed = {*live, *{row.update_id for row in rows}}
        for row in rows:
            if row.told:
                needed.update(row.told)
        known = {self.by_id[update].incident_id for update in needed if update in self.by_id}
        seen = {incident: self.by_incident[incident][-1].id for incident in known}
        for version in await versions.versions_after(connection, seen, needed - self.by_id.keys()):
            if version.id not in self.by_id:
                self.by_id[version.id] = version
                self.by_incident.setdefault(version.incident_id, []).append(version)


class Composer:
    """Writes the messages of one channel that tells stories."""

    def __init__(
        self,
        channel: Channel,
        pool: Pool,
        audiences: Audiences,
        languages: Languages,
        *,
        brand: str,
        url: str,
        secret: str,
    ) -> None:
        self._channel = channel
        self._pool = pool
        self._teller = Teller(audiences, languages, brand=brand, url=url)
        self._secret = secret
        self._unsubscribe = Signer(secret, "unsubscribe")
        self._delivery = Signer(secret, "delivery")
        self._rendered: dict[_Reading, object] = {}

    async def compose(self, planned: Sequence[Planned], versions: Mapping[int, Version]) -> list[Message]:
        """Return the messages of a plan, in its order."""
        if len(self._rendered) > _MOST_RENDERED:
            self._rendered.clear()
        readings = [_reading(message) for message in planned]
        missing = {reading for reading in readings if reading not in self._rendered}
        if missing:
            await self._render(missing)
        threads = await self._threads(planned, versions) if self._channel.limits.threads else {}
        signed = await self._signed(planned) if self._channel.limits.signs else {}
        return [
            self._message(message, self._rendered[reading], versions, threads, signed)
            for message, reading in zip(planned, readings, strict=True)
        ]

    async def _threads(self, planned: Sequence[Planned], versions: Mapping[int, Version]) -> dict[Thread, str]:
        async with self._pool.acquire() as connection:
            return await store.read(connection, [thread_of(message, versions) for message in planned])

    async def _signed(self, planned: Sequence[Planned]) -> dict[int, tuple[str, ...]]:
        async with self._pool.acquire() as connection:
            used = await store.secret_versions(connection, [message.rows[0].endpoint_id for message in planned])
        return {
            endpoint: tuple(signing_secret(self._secret, endpoint, version) for version in versions)
            for endpoint, versions in used.items()
        }

    def _message(
        self,
        planned: Planned,
        rendered: object,
        versions: Mapping[int, Version],
        threads: Mapping[Thread, str],
        signed: Mapping[int, tuple[str, ...]],
    ) -> Message:
        row = planned.rows[0]
        return Message(
            id=f"{versions[planned.message].public_id}.{row.endpoint}",
            address=row.address,
            name=row.name,
            rendered=rendered,
            endpoint=row.endpoint,
            token=self._unsubscribe.make(row.endpoint_id),
            delivery=self._delivery.make(planned.message, row.endpoint_id),
            thread=threads.get(thread_of(planned, versions), "") if threads else "",
            secrets=signed.get(row.endpoint_id, ()),
            again=row.unknowns > 0,  # also where it was refused since: what is looked for may still be there
        )

    async def _render(self, readings: set[_Reading]) -> None:
        updates = sorted({update for chapters, _, _ in readings for update, _ in chapters})
        async with self._pool.acquire() as connection:
            words = {one.update_id: one for one in await wording.words_of(connection, updates)}
            names = await wording.component_names(connection)
        for reading in readings:
            chapters, locale, rule = reading
            told = [(words[update], audience) for update, audience in chapters]
            story = replace(self._teller.story(told, locale, names), rule=Rule(rule) if rule else Rule.AUDIENCE)
            self._rendered[reading] = self._channel.render(story)


def with_earlier(messages: Sequence[Message], planned: Sequence[Planned], now: float) -> list[Message]:
    """Say of each message that is sent once more as it was who had been asked to carry it, and since when."""
    return [
        message._replace(earlier=Earlier(provider, now - min(row.since for row in rows)))
        if rows[0].state == State.UNKNOWN and (provider := rows[0].provider)
        else message
        for message, (rows, *_) in zip(messages, planned, strict=True)
    ]


def thread_of(message: Planned, versions: Mapping[int, Version]) -> Thread:
    """Return the endpoint and incident that a message belongs to."""
    return message.rows[0].endpoint_id, versions[message.message].incident_id


def _reading(message: Planned) -> _Reading:
    rows = message.rows
    if len(rows) == 1:
        return ((rows[0].update_id, rows[0].audience),), rows[0].locale, rows[0].rule
    return tuple((row.update_id, row.audience) for row in rows), rows[0].locale, rows[0].rule
