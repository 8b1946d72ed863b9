"""A crowd to tell: a database with any number of subscribers, an endpoint each, written in a few statements."""

from __future__ import annotations

from dataclasses import dataclass

import asyncpg

from tocsin.domain.audience import Audiences
from tocsin.domain.channel import ChannelName
from tocsin.services.audiences import sync_audiences
from tocsin.services.policy import load_policy
from tocsin.store.engine import begin, make_engine
from tocsin.store.migrate import migrate
from tocsin.store.placing import place

_AT_ONCE = 100_000


@dataclass(frozen=True, slots=True)
class Crowd:
    """Customers with one endpoint each; what differs among them is SQL over `n`, which counts them from 1."""

    size: int
    channel: ChannelName = ChannelName.EMAIL
    address: str = "'s' || lpad(n::text, 11, '0') || '@example.com'"
    all_components: str = "true"  # else those of `component`
    component: str = "1"
    least: str = "4"
    phases: str = "63"

    @property
    def statement(self) -> str:
        return f"""
        WITH x AS (SELECT b, $3 + row_number() OVER () AS n FROM unnest($1::int[]) AS b),
        s AS (INSERT INTO subscriber (public_id, name, audiences)
              SELECT 's' || lpad(n::text, 11, '0'), 'Subscriber ' || n, $2 FROM x RETURNING id, public_id),
        e AS (INSERT INTO endpoint (public_id, subscriber_id, bucket_id, channel, address, address_key, state,
                audiences, all_components, least, phases)
              SELECT s.public_id, s.id, x.b, '{self.channel}', {self.address}, s.public_id, 'active',
                $2, {self.all_components}, {self.least}, {self.phases}
              FROM s JOIN x ON s.public_id = 's' || lpad(x.n::text, 11, '0')
              RETURNING id, all_components, substr(public_id, 2)::int AS n),
        c AS (INSERT INTO endpoint_component (component_id, endpoint_id)
              SELECT {self.component}, id FROM e WHERE NOT all_components)
        INSERT INTO pace (endpoint_id) SELECT id FROM e
        """


async def make_database(server_url: str, name: str) -> str:
    """Make one more database on the server of `server_url`, and return its address."""
    connection = await asyncpg.connect(server_url)
    await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    await connection.execute(f'CREATE DATABASE "{name}"')
    await connection.close()
    address, _, options = server_url.partition("?")
    return f"{address.rpartition('/')[0]}/{name}?{options}"


async def gather(database_url: str, crowd: Crowd, *, already: int = 0, tell: bool = False) -> Audiences:
    """Migrate the database, and make `crowd`, or so much of it that comes after those who are there `already`.

    It knows two components, of the slugs a and b, with the ids 1 and 2.
    """
    await migrate(database_url)
    engine = make_engine(database_url, pool_size=1)
    audiences = await sync_audiences(engine, load_policy())
    customers = audiences.named("customers")
    plain = await asyncpg.connect(database_url)
    await plain.execute(
        "INSERT INTO component (public_id, slug, name) VALUES ('a', 'a', 'A'), ('b', 'b', 'B') ON CONFLICT DO NOTHING"
    )
    while already < crowd.size:
        more = min(crowd.size - already, _AT_ONCE)
        async with begin(engine) as connection:
            buckets = await place(connection, crowd.channel, customers.rank, more)
        await plain.execute(crowd.statement, buckets, customers.bit, already, timeout=300)
        already += more
        if tell:
            print(f"{already:,} subscribers", flush=True)
    await plain.execute("VACUUM (ANALYZE)", timeout=600)
    await plain.close()
    await engine.dispose()
    return audiences
