"""The whole way with every part real but the provider, which keeps what it is given and answers as it is told."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from delivery.provider import Provider
from tocsin.domain.audience import Audiences
from tocsin.domain.channel import Channel, ChannelName
from tocsin.domain.component import ComponentStatus
from tocsin.domain.incident import Severity, Status
from tocsin.domain.policy import Policy
from tocsin.domain.update import Draft
from tocsin.journal.writer import Journal
from tocsin.languages import read_languages
from tocsin.services.audiences import sync_audiences
from tocsin.services.compose import Composer
from tocsin.services.deliver import deliver
from tocsin.services.fan_out import fan_out
from tocsin.services.hint import Hints
from tocsin.services.keep_journal import keep_journal
from tocsin.services.policy import load_policy
from tocsin.services.providers import providers_for
from tocsin.services.publish import Published, add_update, open_incident
from tocsin.services.stand_in import stand_in
from tocsin.services.way import Way, rules_of
from tocsin.store.engine import Pool, begin, make_engine, make_pool
from tocsin.store.placing import place

_LANGUAGES = read_languages(Path("/nowhere")).languages

_WAITING = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@dataclass
class World:
    engine: AsyncEngine
    pool: Pool
    hints: Hints
    policy: Policy
    audiences: Audiences
    email: Provider
    people: int = 0
    journal: Journal | None = None  # kept by every worker that `way` makes: there is none otherwise

    def way(self, *, provider: Channel | None = None, lease_seconds: float = 15.0, batch: int = 500) -> Way:
        """Return a worker's way out by e-mail, with caches of its own as a process would have."""
        channel = provider or self.email
        composer = Composer(
            channel, self.pool, self.audiences, _LANGUAGES, brand="Acme", url="https://acme.test", secret="s"
        )
        return Way(
            channel=channel,
            pool=self.pool,
            compose=composer.compose,
            rules=rules_of(self.policy, self.audiences, channel),
            patience=self.policy.patience,
            lease_seconds=lease_seconds,
            batch=batch,
            worker="test",
            journal=self.journal,
            providers=providers_for(channel, self.pool),
        )

    async def component(self, slug: str, *, internal: bool = False) -> None:
        made = "INSERT INTO component (public_id, slug, name, internal) VALUES (:slug, :slug, :slug, :internal)"
        await self.run(made, slug=slug, internal=internal)

    async def person(
        self,
        address: str,
        audiences: Sequence[str] = ("customers",),
        *,
        state: str = "active",
        least: str | None = None,
        components: Sequence[str] = (),
        phases: int | None = None,
        channel: ChannelName = ChannelName.EMAIL,
        subscriber: int | None = None,
    ) -> int:
        """Add a subscriber with one endpoint, or one more endpoint of a subscriber; return the endpoint's id."""
        mask = self.audiences.mask(audiences)
        self.people += 1
        async with begin(self.engine) as connection:
            [bucket] = await place(connection, channel, self.audiences.narrowest(mask).rank, 1)
            endpoint: int = (
                await connection.execute(
                    text("""
                    WITH n AS (INSERT INTO subscriber (public_id, name, audiences)
                               SELECT :id, 'Someone', :mask WHERE CAST(:subscriber AS int) IS NULL RETURNING id),
                    s AS (SELECT id FROM n UNION ALL SELECT CAST(:subscriber AS int) WHERE :subscriber IS NOT NULL),
                    e AS (INSERT INTO endpoint (public_id, subscriber_id, bucket_id, channel, address, address_key,
                            state, audiences, all_components, least, phases)
                          SELECT :id, s.id, :bucket, :channel, :address, :address, CAST(:state AS endpoint_state),
                            :mask, :everything, :least, :phases FROM s RETURNING id),
                    p AS (INSERT INTO pace (endpoint_id) SELECT id FROM e),
                    c AS (INSERT INTO endpoint_component (endpoint_id, component_id)
                          SELECT e.id, component.id FROM e, component WHERE slug = ANY(:components))
                    SELECT id FROM e"""),
                    {
                        "id": f"person{self.people:06d}",
                        "mask": mask,
                        "bucket": bucket,
                        "address": address,
                        "state": state,
                        "everything": not components,
                        "least": None if least is None else int(Severity.parse(least)),
                        "channel": channel,
                        "subscriber": subscriber,
                        "phases": phases,
                        "components": list(components),
                    },
                )
            ).scalar_one()
        return endpoint

    async def crowd(self, n: int, audience: str = "customers") -> None:
        """Add `n` people of one audience at once."""
        mask = self.audiences.mask([audience])
        async with begin(self.engine) as connection:
            buckets = await place(connection, ChannelName.EMAIL, self.audiences.narrowest(mask).rank, n)
            await connection.execute(
                text("""
                WITH x AS (SELECT b, row_number() OVER () AS n FROM unnest(CAST(:buckets AS int[])) AS b),
                s AS (INSERT INTO subscriber (public_id, name, audiences)
                      SELECT 'crowd' || n, 'Someone', :mask FROM x RETURNING id, public_id),
                e AS (INSERT INTO endpoint (public_id, subscriber_id, bucket_id, channel, address, address_key, state,
                        audiences)
                      SELECT s.public_id, s.id, x.b, 'email', s.public_id || '@example.com', s.public_id, 'active',
                        :mask FROM s JOIN x ON s.public_id = 'crowd' || x.n RETURNING id)
                INSERT INTO pace (endpoint_id) SELECT id FROM e"""),
                {"buckets": buckets, "mask": mask},
            )
        self.people += n

    async def say(
        self,
        body: str,
        *,
        about: Published | None = None,
        title: str | None = None,
        severity: str | None = None,
        status: str | None = None,
        audiences: Sequence[str] | None = None,
        texts: Mapping[str, str] | None = None,
        components: Mapping[str, str] | None = None,
        notify: bool = True,
    ) -> Published:
        """Publish an update, of a new incident or about one, without fanning it out yet."""
        draft = Draft(
            body=body,
            title=title or ("Checkout is failing" if about is None else None),
            severity=Severity.parse(severity) if severity else None,
            status=Status(status) if status else None,
            audiences=tuple(audiences) if audiences else None,
            texts=texts or {},
            components={slug: ComponentStatus(value) for slug, value in (components or {}).items()},
            notify=notify,
        )
        async with self.pool.acquire() as connection, connection.transaction():
            if about is None:
                return await open_incident(connection, draft, self.policy, self.audiences, "test")
            return await add_update(connection, about.incident_id, draft, self.policy, self.audiences, "test")

    async def spread(self) -> int:
        """Fan out whatever was published."""
        return await fan_out(self.pool, self.hints, self.policy, self.audiences, 15.0)

    async def stand_in(self) -> int:
        """Let fallbacks take over, as the sweeper does."""
        return await stand_in(self.pool)

    async def deliver(self, way: Way | None = None) -> int:
        return await deliver(way or self.way())

    async def tell(self, body: str, **about: Any) -> Published:
        """Publish, fan out and deliver."""
        published = await self.say(body, **about)
        await self.spread()
        await self.deliver()
        return published

    async def later(self, seconds: float) -> None:
        """Let time pass, for every process at once."""
        await self.run("UPDATE clock SET shift = shift + make_interval(secs => :seconds)", seconds=seconds)

    async def run(self, statement: str, **values: Any) -> None:
        async with begin(self.engine) as connection:
            await connection.execute(text(statement), values)

    async def tamper(self, statement: str) -> None:
        """Run what the database refuses: its triggers look away."""
        async with begin(self.engine) as connection:
            await connection.execute(text("SET LOCAL session_replication_role = replica"))
            await connection.execute(text(statement))

    async def rows(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        async with begin(self.engine) as connection:
            return [tuple(row) for row in await connection.execute(text(statement), values)]

    async def someone_waits(self) -> None:
        """Return when a statement waits for a lock."""
        while not await self.rows(_WAITING):  # noqa: ASYNC110 - nobody tells us
            await asyncio.sleep(0.01)

    async def ledger(self, address: str) -> list[tuple[int, str, str | None]]:
        """Return (version, state, reason) of each row of an address, oldest first."""
        found = await self.rows(
            """
            SELECT u.version, d.state::text, d.reason FROM delivery d JOIN endpoint e ON e.id = d.endpoint_id
            JOIN incident_update u ON u.id = d.update_id WHERE e.address = :address ORDER BY d.update_id
            """,
            address=address,
        )
        return [(version, state, reason) for version, state, reason in found]

    async def states(self) -> dict[str, int]:
        """Return how many e-mail rows there are in each state."""
        found = await self.rows(
            """SELECT d.state::text, count(*) FROM delivery d JOIN endpoint e ON e.id = d.endpoint_id
            WHERE e.channel = 'email' GROUP BY 1"""
        )
        return {state: count for state, count in found}  # noqa: C416 - rows are tuples of anything

    async def keep_journal(self, directory: Path) -> Journal:
        self.journal = await keep_journal(directory, self.pool)
        assert self.journal is not None
        return self.journal

    async def close(self) -> None:
        if self.journal is not None:
            self.journal.close()
        self.hints.close()
        await self.pool.close()
        await self.engine.dispose()


async def open_world(database_url: str, broker_url: str) -> World:
    engine = make_engine(database_url, pool_size=4)
    policy = load_policy()
    audiences = await sync_audiences(engine, policy)
    pool = await make_pool(database_url, size=8, application="test")
    return World(engine, pool, Hints(broker_url), policy, audiences, Provider())
