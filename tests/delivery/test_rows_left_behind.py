"""A slow address takes along the rows that somebody may still look for; one that stays behind is never a second one."""

from __future__ import annotations

import asyncio

import pytest

from delivery.sluggish import Sluggish
from delivery.world import World
from tocsin.domain.channel import Accepted, Receipt, ReceiptKind
from tocsin.domain.errors import GiveUp
from tocsin.services.change_subscriber import show_subscriber
from tocsin.services.leave import forget_me
from tocsin.services.receive import receive
from tocsin.services.second_try import retry_one
from tocsin.services.snooze import snooze, unsnooze
from tocsin.services.sweep import keep_house
from tocsin.store import incidents, split
from tocsin.store.engine import begin

SLOW = "crowd3@example.com"
HOUR = 3600.0
_TWICE = "SELECT update_id, endpoint_id FROM delivery GROUP BY 1, 2 HAVING count(*) > 1"
pytestmark = pytest.mark.usefixtures("impatient", "only_the_newest_is_recent")


@pytest.fixture
def only_the_newest_is_recent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have all updates but the last one be as old as those before the last 200 are."""
    monkeypatch.setattr(split, "RECENT", 1)


async def go_apart(world: World, address: str) -> None:
    """Keep the others waiting for `address`, without fanning out first."""
    provider = Sluggish({address})
    way = world.way(provider=provider)
    await asyncio.wait_for(world.deliver(way), 10)
    provider.heard.set()
    await asyncio.gather(*way.tails)
    assert await world.rows("SELECT size FROM bucket WHERE home IS NOT NULL") == [(1,)]


async def test_a_fan_out_that_is_repeated_finds_the_row_that_it_had_written(world: World) -> None:
    await world.crowd(12)
    first = await world.tell("It is down.", severity="sev1")
    await world.tell("It is over.", about=first, status="resolved")
    await world.later(24 * HOUR)
    await world.say("Something else.", severity="sev1")
    await world.spread()
    # Its worker died before it could say that it was done.
    await world.run("UPDATE outbox SET done_at = NULL, due_at = tocsin_epoch() WHERE update_id = 1")
    await go_apart(world, SLOW)
    await world.spread()
    assert await world.rows(_TWICE) == []


async def test_who_ends_a_snooze_hears_how_it_stands_though_much_was_said_of_others_since(world: World) -> None:
    await world.crowd(12)
    opened = await world.tell("It is down.")
    async with begin(world.engine) as connection:
        found = await incidents.find(connection, opened.ref)
        assert found is not None
        await snooze(connection, (await show_subscriber(connection, "crowd3")).endpoints, found)
    await world.later(1200)
    await world.tell("Still down.", about=opened)
    assert (await world.ledger(SLOW))[-1] == (2, "skipped", "snoozed")
    await world.later(1200)
    await world.say("Something else.", severity="sev1")
    await world.spread()
    await go_apart(world, SLOW)
    async with begin(world.engine) as connection:
        now = await incidents.find(connection, opened.ref)
        assert now is not None
        await unsnooze(connection, (await show_subscriber(connection, "crowd3")).endpoints, now)
    assert (await world.ledger(SLOW))[1] == (2, "pending", None)


async def test_a_fallback_that_has_a_row_elsewhere_has_no_second_one_and_goes_home(world: World) -> None:
    await world.crowd(12)
    for slug in ("checkout", "search"):
        await world.component(slug)
    await world.person("other@example.com", components=["search"])
    first = await world.person("first@example.com", components=["checkout"])
    [(who,)] = await world.rows("SELECT subscriber_id FROM endpoint WHERE id = :id", id=first)
    second = await world.person("second@example.com", subscriber=who, components=["search"])
    await world.run("UPDATE endpoint SET fallback_id = :second WHERE id = :first", first=first, second=second)
    opened = await world.tell("It is down.", components={"checkout": "major_outage"})
    await world.tell("It is over.", about=opened, status="resolved")
    await world.later(30)
    await world.say("Something else.", severity="sev1", components={"search": "major_outage"})
    await world.spread()
    await go_apart(world, "second@example.com")
    [end] = [one for one in world.email.sent if one.address == "first@example.com"][1:]
    await receive(world.engine, "s", "practice", [Receipt(end.delivery, ReceiptKind.BOUNCED, "5.1.1", "nobody there")])
    await world.stand_in()
    await world.deliver()
    assert ["It is over."] in world.email.texts_to("second@example.com")
    assert await world.rows(_TWICE) == []
    await world.later(1.1 * HOUR)
    await keep_house(world.pool)
    await keep_house(world.pool)
    assert await world.rows("SELECT count(*) FROM bucket WHERE home IS NOT NULL") == [(0,)]


async def test_what_was_noted_of_somebody_is_forgotten_with_them_wherever_it_is(world: World) -> None:
    await world.crowd(12)
    opened = await world.tell("It is down.", severity="sev1")
    await world.tell("It is over.", about=opened, status="resolved")
    await world.run("UPDATE delivery SET note = 'taken for crowd3'")
    await world.later(24 * HOUR)
    await world.say("Something else.", severity="sev1")
    await world.spread()
    await go_apart(world, SLOW)
    [(number,)] = await world.rows("SELECT id FROM endpoint WHERE address = :address", address=SLOW)
    mine = "SELECT count(DISTINCT bucket_id), count(note) FROM delivery WHERE endpoint_id = :id"
    assert await world.rows(mine, id=number) == [(2, 2)]
    async with begin(world.engine) as connection:
        await forget_me(connection, "s", await show_subscriber(connection, "crowd3"), None)
    assert await world.rows(mine, id=number) == [(2, 0)]


async def test_what_is_tried_again_is_where_its_endpoint_is_and_what_is_reported_of_it_counts(world: World) -> None:
    await world.crowd(12)
    opened = await world.tell("It is down.", severity="sev1")
    await world.later(1200)
    world.email.answer = lambda message: GiveUp("no") if message.address == SLOW else Accepted("queued", 250)
    await world.tell("It is over.", about=opened, status="resolved")
    await world.later(1200)
    await world.say("Something else.", severity="sev1")
    await world.spread()
    await go_apart(world, SLOW)
    [(name,)] = await world.rows(
        """SELECT u.public_id || '.' || e.public_id FROM delivery d JOIN endpoint e ON e.id = endpoint_id
        JOIN incident_update u ON u.id = update_id WHERE d.state = 'failed'"""
    )
    world.email.answer = lambda _: Accepted("queued", 250)
    await world.later(1200)
    before = len(world.email.sent)
    assert (await retry_one(world.engine, name)).n == 1
    await world.deliver()
    [again] = world.email.sent[before:]
    await receive(world.engine, "s", "practice", [Receipt(again.delivery, ReceiptKind.DELIVERED, "", "")])
    assert await world.ledger(SLOW) == [(1, "accepted", None), (2, "delivered", None), (1, "accepted", None)]
