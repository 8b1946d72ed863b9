"""Each promise of the ledger, broken on purpose in a database, is named; a ledger that works breaks none."""

from __future__ import annotations

import pytest

from delivery.world import World
from tocsin.domain.channel import Accepted
from tocsin.domain.errors import Ambiguous
from tocsin.services.audit import audit, audit_in_turn, in_words
from tocsin.services.change_subscriber import delete_subscriber
from tocsin.services.health import check_audit
from tocsin.store import moving
from tocsin.store.audit import INVARIANTS
from tocsin.store.engine import begin
from tocsin.store.placing import place

_A = "(SELECT id FROM endpoint WHERE address = 'a@example.com')"
_ROW = f"endpoint_id = {_A}"
BREAKS = {
    "everyone_has_a_row": (
        "UPDATE endpoint SET created_at = created_at - interval '1 day', updated_at = updated_at - interval '1 day'",
        f"DELETE FROM delivery WHERE {_ROW}",
    ),
    "one_row_each": (
        ("INSERT INTO delivery (update_id, bucket_id, endpoint_id, audience, state, since, done_at) SELECT update_id, "
        f"bucket_id + 1000, endpoint_id, audience, 'accepted', since, done_at FROM delivery WHERE {_ROW}"),
    ),
    "no_unlabelled_duplicate": (
        ("INSERT INTO attempt (channel, provider, worker, buckets, started_at, finished_at, row_buckets, endpoints, "
        "updates, messages, outcomes) SELECT channel, provider, worker, buckets, started_at, finished_at, row_buckets, "
        "endpoints, updates, messages, outcomes FROM attempt WHERE channel = 'email'"),
    ),
    "someone_will_look": (f"UPDATE delivery SET state = 'pending', due_at = since WHERE {_ROW}",),
    "every_attempt_is_held": ("UPDATE attempt SET finished_at = NULL WHERE channel = 'email'",),
    "what_was_taken_stays_taken": (f"UPDATE delivery SET state = 'failed', reason = 'refused' WHERE {_ROW}",),
    "nobody_is_written_to_after_goodbye": (
        f"UPDATE endpoint SET state = 'opted_out', updated_at = updated_at - interval '1 minute' WHERE id = {_A}",
    ),
    "the_page_has_only_what_is_public": ("UPDATE incident_update SET is_public = false",),
    "nothing_older_after_newer": (
        ("INSERT INTO incident_update OVERRIDING SYSTEM VALUE "
        "SELECT (jsonb_populate_record(u, jsonb_build_object('id', 999, "
        "'public_id', 'x', 'version', u.version + 1))).* FROM incident_update u"),
        ("INSERT INTO delivery (update_id, bucket_id, endpoint_id, audience, state, since, done_at) SELECT 999, "
        f"bucket_id, endpoint_id, audience, 'accepted', since, done_at FROM delivery WHERE {_ROW}"),
        ("INSERT INTO attempt (channel, provider, worker, buckets, started_at, finished_at, row_buckets, endpoints, "
        "updates, messages, outcomes) SELECT channel, provider, worker, buckets, started_at, finished_at, row_buckets, "
        "endpoints, '{999}', messages, outcomes FROM attempt WHERE channel = 'email'"),
        ("INSERT INTO attempt (channel, provider, worker, buckets, started_at, finished_at, row_buckets, endpoints, "
        "updates, messages, outcomes) SELECT channel, provider, worker, buckets, started_at, finished_at, row_buckets, "
        "endpoints, '{1}', messages, outcomes FROM attempt WHERE updates = '{999}'"),
    ),
    "nobody_else_is_told": (f"UPDATE delivery SET audience = 3 WHERE {_ROW}",),
    "every_deed_has_a_doer": (
        "DELETE FROM channel",
        "INSERT INTO channel (name, paused_at) VALUES ('sms', now())",
    ),
    "what_is_due_is_worked_on": (
        "UPDATE bucket SET due_at = 1, live = '{1}' WHERE channel = 'email'",
    ),
}  # fmt: skip


async def names(world: World) -> list[str]:
    async with world.pool.acquire() as connection:
        return [one.name for one in await audit(connection) if one.n]


@pytest.mark.parametrize("name", [one.name for one in INVARIANTS])
async def test_a_promise_that_is_broken_on_purpose_is_named(world: World, name: str) -> None:
    await world.person("a@example.com")
    await world.tell("It is down.")
    assert await names(world) == []
    for statement in BREAKS[name]:
        await world.tamper(statement)
    assert name in await names(world)
    check = await check_audit(world.engine)
    [invariant] = [one for one in INVARIANTS if one.name == name]
    assert not check.ok
    assert not check.needed
    assert invariant.broken in check.detail
    assert invariant.mend in check.detail
    assert "for one: " in check.detail
    told_to_all = (await check_audit(world.engine, in_public=True)).detail
    assert invariant.broken in told_to_all
    assert "for one:" not in told_to_all, "running numbers would say how many incidents there were"


@pytest.mark.parametrize("name", ["no_unlabelled_duplicate", "what_was_taken_stays_taken"])
async def test_who_was_moved_since_is_seen_too(world: World, name: str) -> None:
    number = await world.person("a@example.com")
    await world.tell("It is down.")
    [(bucket,)] = await world.rows("SELECT bucket_id FROM endpoint WHERE id = :id", id=number)
    async with begin(world.engine) as connection:
        [new] = await place(connection, "email", 0, 1)
        await moving.move(connection, number, bucket, new)
    assert bucket != new
    assert await names(world) == []
    for statement in BREAKS[name]:
        await world.tamper(statement)
    assert await names(world) == [name]


@pytest.mark.parametrize("name", ["no_unlabelled_duplicate", "what_was_taken_stays_taken"])
async def test_what_somebody_was_told_who_has_gone_is_still_held_to_it(world: World, name: str) -> None:
    await world.person("a@example.com")
    await world.tell("It is down.")
    for statement in BREAKS[name]:
        await world.tamper(statement)
    async with begin(world.engine) as connection:
        await delete_subscriber(connection, "person000001")
    assert await names(world) == [name]


async def test_a_promise_that_takes_too_long_to_look_at_is_left_unfinished_and_ages(world: World) -> None:
    await world.person("a@example.com")
    await world.tell("It is down.")
    await names(world)
    await world.later(700)
    await world.run(
        "CREATE FUNCTION tocsin_slowly() RETURNS float8 LANGUAGE sql AS 'SELECT pg_sleep(9); SELECT 1e12::float8'"
    )
    await world.run("ALTER TABLE bucket RENAME TO real_bucket")
    await world.run("CREATE VIEW bucket AS SELECT * FROM real_bucket WHERE lease_until < tocsin_slowly()")
    async with world.pool.acquire() as connection:
        found = await audit(connection, longest=0.3)
    unfinished = {one.name for one in found if not one.is_finished}
    assert "what_is_due_is_worked_on" in unfinished
    assert "one_row_each" not in unfinished
    assert "last came to its end 12 minutes ago" in (await check_audit(world.engine)).detail


async def test_looking_takes_a_twentieth_of_the_time_at_the_most(world: World) -> None:
    async def looked() -> bool:
        async with world.pool.acquire() as connection:
            return bool(await audit_in_turn(connection))

    assert await looked()
    await world.run("UPDATE audit SET seconds = 0, checked_at = tocsin_epoch()")
    await world.run("UPDATE audit SET seconds = 10 WHERE invariant = 'one_row_each'")
    await world.later(190)
    assert not await looked()
    await world.later(11)
    assert await looked()


async def test_a_ledger_at_work_breaks_no_promise(world: World) -> None:
    await world.crowd(30)
    seen: list[list[str]] = []

    async def look() -> None:
        if not seen:
            seen.append(await names(world))

    world.email.before_answer = look
    world.email.answer = lambda _: Ambiguous("no answer")
    opened = await world.tell("It is down.", severity="sev2")
    seen.append(await names(world))
    world.email.answer = lambda _: Accepted("q", 250)
    for _ in range(3):
        await world.later(40)
        await world.deliver()
    await world.tell("It is fixed.", about=opened, status="resolved")
    seen.append(await names(world))
    assert seen == [[], [], []]
    async with world.pool.acquire() as connection:
        assert in_words(await audit(connection)) == ""
    assert (await check_audit(world.engine)).detail == f"found {len(INVARIANTS)} promises kept"
