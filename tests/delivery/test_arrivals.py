"""Many reports of what arrived in one post: written down together, and no otherwise than one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event, text

from delivery.world import World
from tocsin.domain.channel import Receipt, ReceiptKind
from tocsin.services.receive import receive
from tocsin.store.engine import begin

CROWD = 50


def arrived(world: World, *, named: bool = True) -> list[Receipt]:
    """Return that everything arrived that was sent so far."""
    return [
        Receipt(sent.delivery, ReceiptKind.DELIVERED, "250", f"as told {at}", event=f"e{at}" if named else "")
        for at, sent in enumerate(world.email.sent)
    ]


async def told_to_many(world: World) -> None:
    await world.crowd(CROWD)
    await world.tell("It is down.")
    assert len(world.email.sent) == CROWD


@contextmanager
def counted(world: World) -> Generator[Sequence[str]]:
    """Note what is asked of the database."""
    statements: list[str] = []

    def note(*about: Any) -> None:
        statements.append(about[2])

    event.listen(world.engine.sync_engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(world.engine.sync_engine, "before_cursor_execute", note)


async def test_a_post_about_many_is_two_statements_and_changes_nothing_when_it_comes_again(world: World) -> None:
    await told_to_many(world)
    for _ in range(2):
        with counted(world) as statements:
            assert await receive(world.engine, "s", "practice", arrived(world)) == CROWD
        assert len(statements) == 2
        assert await world.states() == {"delivered": CROWD}
        assert await world.rows("SELECT count(*), count(DISTINCT note) FROM receipt") == [(CROWD, CROWD)]
    assert await world.rows("SELECT count(DISTINCT note) FROM delivery WHERE receipt_at IS NOT NULL") == [(CROWD,)]
    await receive(world.engine, "s", "another", arrived(world, named=False))
    assert await world.rows("SELECT count(*) FROM receipt") == [(2 * CROWD,)]


async def test_who_writes_one_of_the_rows_holds_up_that_one_alone(world: World) -> None:
    await told_to_many(world)
    async with begin(world.engine) as worker:
        await worker.execute(
            text("""
                SELECT FROM delivery WHERE endpoint_id = (SELECT max(id) FROM endpoint WHERE channel = 'email')
                FOR UPDATE
            """)
        )
        receiving = asyncio.create_task(receive(world.engine, "s", "practice", arrived(world)))
        async with asyncio.timeout(20):
            while (await world.states()).get("delivered") != CROWD - 1:  # noqa: ASYNC110 - the ledger tells it alone
                await asyncio.sleep(0.02)
        assert not receiving.done()
    assert await receiving == CROWD
    assert await world.states() == {"delivered": CROWD}
    assert await world.rows("SELECT count(*) FROM receipt") == [(CROWD,)]


async def test_one_message_that_told_two_incidents_arrives_for_both_among_many(world: World) -> None:
    await world.crowd(3)
    await world.say("The shop is slow.", severity="sev3")
    await world.say("Checkout is down.", severity="sev1")
    await world.spread()
    await world.deliver()
    assert await receive(world.engine, "s", "practice", arrived(world)) == 3
    assert await world.states() == {"delivered": 6}


async def test_what_overtakes_the_answer_is_not_undone_by_it(world: World) -> None:
    await world.crowd(3)
    await world.say("It is down.")
    await world.spread()

    async def meanwhile() -> None:
        await receive(world.engine, "s", "practice", arrived(world))

    world.email.before_answer = meanwhile
    await world.deliver()
    assert await world.states() == {"delivered": 3}


async def test_bounces_among_them_are_the_last_word(world: World) -> None:
    await told_to_many(world)
    bounces = [
        Receipt(world.email.sent[at].delivery, ReceiptKind.BOUNCED, "5.1.1", "gone", event=f"b{at}") for at in (7, 8)
    ]
    said = arrived(world)
    await receive(world.engine, "s", "practice", [*said[:20], *bounces, *said[20:], *said[5:9]])
    assert await world.states() == {"bounced": 2, "delivered": CROWD - 2}
    await receive(world.engine, "s", "practice", arrived(world, named=False))
    assert await world.states() == {"bounced": 2, "delivered": CROWD - 2}
    assert await world.rows("SELECT count(*) FROM endpoint WHERE state = 'quarantined'") == [(2,)]
