"""How much work a blast is: statements, rows, renderings and bytes are counted, never the time, so that no load tells.

Where one of these grows, a blast of a hundred thousand grows by that much: docs/performance.md says what each may cost.
"""

from __future__ import annotations

import gc
import json
import tracemalloc
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from delivery.provider import Provider
from delivery.world import World
from tocsin.domain.channel import Accepted, Answered, Channel, Limits, Message
from tocsin.services.fan_out import fan_out
from tocsin.store.engine import Connection, Pool

CROWD = 1000  # two full batches

# What one batch of 500 may ask of the database: lock, read, versions, evidence, and the outcomes behind the fence.
STATEMENTS_A_BATCH = 14
# What goes to the database for one delivery: its id for the evidence, the outcome and the lanes, as text counted.
BYTES_A_DELIVERY = 60
# What is held at once for one delivery of the batches in flight: its row, what is planned, its message, its outcome.
HELD_A_DELIVERY = 4000
# What may be left of each when all is told: nothing but what caches grew by.
LEFT_A_DELIVERY = 150


class Counted:
    """A pool that notes what is asked of it."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.statements: list[tuple[str, int]] = []

    @asynccontextmanager
    async def acquire(self) -> AsyncGenerator[Connection]:
        async with self._pool.acquire() as connection:
            with connection.query_logger(self._note):
                yield connection

    def _note(self, query: Any) -> None:
        if "typeinfo_tree" in query.query or "set_config" in query.query:  # the driver learns a type, once a connection
            return
        self.statements.append((query.query, sum(len(str(argument)) for argument in query.args)))


class Rendered(Provider):
    """A provider that counts how often words are made."""

    def __init__(self) -> None:
        super().__init__()
        self.rendered = 0

    def render(self, content: Any) -> Any:
        self.rendered += 1
        return super().render(content)


@pytest.fixture
async def blast(world: World) -> tuple[Counted, Rendered]:
    """Tell two full batches of people, and return what that took."""
    await world.crowd(CROWD)
    await world.say("It is down.", severity="sev1")
    await world.spread()
    provider = Rendered()
    way = world.way(provider=provider)
    pool = way.pool = cast("Any", Counted(world.pool))
    await world.deliver(way)
    assert len(provider.sent) == CROWD
    return pool, provider


async def test_a_batch_asks_the_database_a_dozen_times_however_many_it_holds(blast: tuple[Counted, Rendered]) -> None:
    pool, provider = blast
    sent = [text for text, _ in pool.statements if "UPDATE attempt SET finished_at" in text]
    batches = len(sent)
    assert batches == CROWD // 500
    looked = sum("FOR UPDATE SKIP LOCKED" in text for text, _ in pool.statements) - batches  # and found nothing
    # Begin and commit count too; a vain look is four, and what a rendering reads is three.
    assert len(pool.statements) <= STATEMENTS_A_BATCH * batches + 4 * looked + 3 * provider.rendered


async def test_what_is_the_same_for_a_whole_batch_goes_to_the_database_once(blast: tuple[Counted, Rendered]) -> None:
    pool, _ = blast
    assert sum(size for _, size in pool.statements) / CROWD <= BYTES_A_DELIVERY


async def test_words_are_made_once_for_everyone_who_reads_the_same(blast: tuple[Counted, Rendered]) -> None:
    _, provider = blast
    assert 1 <= provider.rendered <= cast("Channel", provider).limits.in_flight


async def test_trouble_costs_a_batch_one_statement_and_only_where_addresses_can_be_disabled(
    world: World, blast: tuple[Counted, Rendered]
) -> None:
    pool, _ = blast
    assert not any("trouble" in text for text, _ in pool.statements)
    hooks = Provider(limits=Limits(batch=500, in_flight=2, merges=True, disables=True))
    way = world.way(provider=hooks)
    pool = way.pool = cast("Any", Counted(world.pool))
    await world.say("It is down.", severity="sev1")
    await world.spread()
    await world.later(60)
    await world.deliver(way)
    assert len(hooks.sent) == CROWD
    assert sum("trouble" in text for text, _ in pool.statements) == CROWD // 500


class Forgetful(Provider):
    """A provider that keeps nothing of what it sent."""

    async def send(self, messages: Sequence[Message], answered: Answered) -> None:
        for index in range(len(messages)):
            answered(index, Accepted("queued", 250))


async def test_a_delivery_takes_little_memory_and_leaves_none(world: World) -> None:
    way = world.way(provider=Forgetful())
    await world.person("first@example.com")  # what is read and compiled once comes with the first delivery
    await world.say("It is down.", severity="sev1")
    await world.spread()
    assert await world.deliver(way) == 1
    await world.crowd(CROWD)
    await world.say("It is down as well.", severity="sev1")
    await world.spread()
    gc.collect()
    tracemalloc.start()
    try:
        assert await world.deliver(way) == CROWD
        gc.collect()
        left, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most / CROWD <= HELD_A_DELIVERY
    assert left / CROWD <= LEFT_A_DELIVERY


async def test_what_is_owed_is_looked_up_and_never_searched_for(world: World, blast: tuple[Counted, Rendered]) -> None:
    # With a million endpoints, a plan that walks through them for each batch costs more than all the rest.
    pool, _ = blast
    [reads] = {text for text, _ in pool.statements if "FROM delivery d" in text and "p.told" in text}
    async with world.pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL enable_nestloop = off")  # as where the planner thinks little of looking up
        [plan] = json.loads(await connection.fetchval(f"EXPLAIN (FORMAT JSON) {reads}", [1], [2, 3]))
    found = {node["Relation Name"]: node for node in _nodes(plan["Plan"]) if "Relation Name" in node}
    del found["delivery"]  # the ledger is where the rows come from
    assert {name: node.get("Index Name") for name, node in found.items()} == {
        "endpoint": "endpoint_pkey",
        "subscriber": "subscriber_pkey",
        "pace": "pace_pkey",
    }
    assert all("Index Cond" in node for node in found.values())


def _nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for part in plan.get("Plans", []) for node in _nodes(part))]


async def test_no_row_is_written_twice_and_no_index_holds_what_changes(world: World) -> None:
    await world.crowd(CROWD)
    await world.tell("It is down.", severity="sev1")
    assert await world.rows("SELECT DISTINCT tries, unknowns FROM delivery WHERE state = 'accepted'") == [(1, 0)]
    # With an index on what changes, or a predicate that names it, each change of a row is a new entry in every index.
    indexes = await world.rows(
        """
        SELECT tablename, indexdef FROM pg_indexes WHERE tablename IN ('delivery', 'pace') ORDER BY tablename
        """
    )
    assert [(table, definition.partition(" USING ")[2]) for table, definition in indexes] == [
        ("delivery", "btree (update_id, bucket_id, endpoint_id)"),
        ("pace", "btree (endpoint_id)"),
    ]


async def test_fan_out_asks_hardly_oftener_for_thousands_than_for_one(world: World) -> None:
    await world.person("core@example.com", ["oncall"])
    await world.crowd(3000)
    asked: list[int] = []
    for audience in ("oncall", "customers"):
        await world.say("It is down.", severity="sev1", audiences=[audience])
        counted = Counted(world.pool)
        assert await fan_out(cast("Any", counted), world.hints, world.policy, world.audiences, 15.0)
        asked.append(len(counted.statements))
    rows = await world.rows("SELECT count(*) FROM delivery GROUP BY update_id ORDER BY update_id")
    assert rows[1][0] >= 3000 * rows[0][0] / 2
    # Buckets are filled a few thousand rows at once: lock, write, and the planner's figures where a table has grown.
    assert asked[1] <= asked[0] + 10
