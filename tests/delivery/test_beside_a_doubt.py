"""While it is unknown whether a message arrived, what else its endpoint is owed goes out; a report ends the doubt."""

from __future__ import annotations

from delivery.world import World
from tocsin.domain.channel import Accepted, Receipt, ReceiptKind
from tocsin.domain.errors import Ambiguous
from tocsin.services.deliver import deliver_batch
from tocsin.services.receive import receive


async def test_what_else_is_owed_does_not_wait_for_the_end_of_a_doubt(world: World) -> None:
    await world.person("someone@example.com")
    world.email.answer = lambda _: Ambiguous("no answer")
    await world.tell("It is down.")
    world.email.answer = lambda _: Accepted("q", 250)
    await world.tell("Something else is down.", severity="sev1")
    await world.later(6)  # as an urgent second change waits for others
    await world.deliver()
    assert await world.ledger("someone@example.com") == [(1, "unknown", "outcome_unknown"), (1, "accepted", None)]
    assert world.email.texts_to("someone@example.com") == [["It is down."], ["Something else is down."]]
    await world.later(31)
    await world.deliver()
    assert world.email.texts_to("someone@example.com")[2:] == [["It is down."]]
    assert world.email.sent[2].id == world.email.sent[0].id


async def test_what_is_sent_once_more_and_what_else_is_owed_go_out_one_after_the_other(world: World) -> None:
    await world.person("someone@example.com")
    world.email.answer = lambda _: Ambiguous("no answer")
    await world.tell("It is down.")
    world.email.answer = lambda _: Accepted("q", 250)
    await world.say("Something else is down.", severity="sev1")
    await world.spread()
    await world.later(100)
    assert await deliver_batch(world.way()) == 1
    assert world.email.texts_to("someone@example.com") == [["It is down."]] * 2
    await world.later(1)
    await world.deliver()
    assert world.email.texts_to("someone@example.com")[2:] == [["Something else is down."]]


async def test_a_receipt_ends_a_doubt_and_nothing_is_sent_once_more(world: World) -> None:
    await world.person("someone@example.com")
    world.email.answer = lambda _: Ambiguous("no answer")
    await world.tell("It is down.")
    delivered = Receipt(world.email.sent[0].delivery, ReceiptKind.DELIVERED, "2.0.0", "")
    assert await receive(world.engine, "s", "practice", [delivered]) == 1
    for _ in range(3):
        await world.later(100)
        await world.deliver()
    assert len(world.email.sent) == 1
    assert await world.ledger("someone@example.com") == [(1, "delivered", "outcome_unknown")]
