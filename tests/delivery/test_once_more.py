"""What came back for a reason that may pass is sent once more an hour later, if it is still news, and never twice."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from delivery.world import World
from tocsin.domain.channel import Receipt, ReceiptKind
from tocsin.services.audit import audit
from tocsin.services.receive import receive

ADA = "ada@example.com"
OUT_OF_REACH = "Twilio 30003: the handset cannot be reached (undelivered)"


@pytest.fixture(autouse=True)
async def kept_promises(world: World) -> AsyncGenerator[None]:
    """See after each test that the ledger's audit finds nothing."""
    yield
    async with world.pool.acquire() as connection:
        broken = [one for one in await audit(connection) if one.n]
    assert [one for one in broken if one.name != "what_is_due_is_worked_on"] == []  # nobody writes a status page here


async def comes_back(world: World, at: int = -1, *, event: str = "", kind: ReceiptKind = ReceiptKind.BOUNCED) -> None:
    """Report that message number `at` did not arrive, for a reason that may pass."""
    name = world.email.sent[at].delivery
    event = event or f"{len(world.email.sent)} {kind}"
    report = Receipt(name, kind, "30003", OUT_OF_REACH, keeps_address=True, event=event, may_pass=True)
    await receive(world.engine, "s", "practice", [report])


async def an_hour_later(world: World) -> None:
    await world.later(3_601)
    await world.deliver()


async def test_it_is_sent_once_more_an_hour_later_and_says_why_it_waits(world: World) -> None:
    await world.person(ADA)
    await world.tell("It is down.")
    await comes_back(world)
    assert await world.ledger(ADA) == [(1, "held", "retrying")]
    assert await world.rows("SELECT note FROM delivery WHERE state = 'held'") == [(OUT_OF_REACH,)]
    await world.later(3_500)
    await world.deliver()
    assert len(world.email.sent) == 1
    await world.later(101)
    await world.deliver()
    assert world.email.texts_to(ADA) == [["It is down."], ["It is down."]]
    await comes_back(world, kind=ReceiptKind.DELIVERED)
    assert await world.ledger(ADA) == [(1, "delivered", None)]


async def test_it_is_not_sent_a_third_time(world: World) -> None:
    await world.person(ADA)
    await world.tell("It is down.")
    await comes_back(world)
    await an_hour_later(world)
    await comes_back(world)
    await an_hour_later(world)
    assert await world.ledger(ADA) == [(1, "bounced", "bounced_later")]
    assert len(world.email.sent) == 2


async def test_a_report_that_is_posted_twice_takes_no_try_away(world: World) -> None:
    await world.person(ADA)
    await world.tell("It is down.")
    for _ in range(2):
        await comes_back(world, event="SM1 undelivered")
    assert await world.ledger(ADA) == [(1, "held", "retrying")]


async def test_what_goes_out_again_with_something_newer_is_not_owed_a_third_time(world: World) -> None:
    await world.person(ADA)
    await world.tell("The shop is down.")
    await comes_back(world)
    await world.later(3_600)
    await world.say("The map is down.")
    await world.spread()
    await world.deliver()
    assert [sorted(one) for one in world.email.texts_to(ADA)][1:] == [["The map is down.", "The shop is down."]]
    await comes_back(world)
    await an_hour_later(world)
    assert world.email.texts_to(ADA)[2:] == [["The map is down."]]
    await comes_back(world)
    await an_hour_later(world)
    assert len(world.email.sent) == 3


async def test_an_older_version_never_follows_a_newer_one(world: World) -> None:
    await world.person(ADA)
    opened = await world.tell("It is down.")
    await world.later(600)
    await world.tell("We are on it.", about=opened)
    await world.later(600)
    await world.deliver()
    await comes_back(world, 0)
    assert await world.ledger(ADA) == [(1, "bounced", "bounced_later"), (2, "accepted", None)]
    await an_hour_later(world)
    assert world.email.texts_to(ADA) == [["It is down."], ["We are on it."]]


async def test_a_newer_version_takes_its_place_while_it_waits(world: World) -> None:
    await world.person(ADA)
    opened = await world.tell("It is down.")
    await comes_back(world)
    await world.later(600)
    await world.tell("We are on it.", about=opened)
    await an_hour_later(world)
    assert world.email.texts_to(ADA) == [["It is down."], ["We are on it."]]
    assert await world.ledger(ADA) == [(1, "superseded", "newer_version"), (2, "accepted", None)]


async def test_who_never_heard_that_it_began_is_not_told_that_it_is_over(world: World) -> None:
    await world.person(ADA)
    opened = await world.tell("It is down.")
    await comes_back(world)
    await world.tell("It is over.", about=opened, status="resolved")
    await an_hour_later(world)
    assert world.email.texts_to(ADA) == [["It is down."]]
    assert await world.ledger(ADA) == [(1, "superseded", "newer_version"), (2, "skipped", "already_over")]


@pytest.mark.parametrize("order", [1, -1])
async def test_that_it_arrived_after_all_ends_the_wait(world: World, order: int) -> None:
    await world.person(ADA)
    await world.tell("It is down.")
    for kind in [ReceiptKind.BOUNCED, ReceiptKind.DELIVERED][::order]:
        await comes_back(world, 0, kind=kind)
    await an_hour_later(world)
    assert len(world.email.sent) == (1 if order == 1 else 2)


async def test_a_report_that_overtakes_the_answer_is_left_to_it(world: World) -> None:
    await world.person(ADA)
    await world.say("It is down.")
    await world.spread()

    async def meanwhile() -> None:
        await comes_back(world)

    world.email.before_answer = meanwhile
    await world.deliver()
    assert await world.ledger(ADA) == [(1, "bounced", "bounced_later")]
