"""When an address fails for good, what it was owed is told on its fallback, and the ends of what it was told."""

from __future__ import annotations

from delivery.world import World
from tocsin.domain.channel import Accepted, Message, Receipt, ReceiptKind, Result
from tocsin.domain.errors import AddressDead, Ambiguous, GiveUp
from tocsin.services.receive import receive
from tocsin.services.stand_in import stand_in

FIRST, SECOND, THIRD = "first@example.com", "second@example.com", "third@example.com"


async def one_person(world: World, *, third: bool = False) -> None:
    """Add somebody with two addresses, the second of which hears of nothing by itself and stands in for the first."""
    first = await world.person(FIRST)
    [(who,)] = await world.rows("SELECT subscriber_id FROM endpoint WHERE id = :id", id=first)
    second = await world.person(SECOND, subscriber=who, phases=16)
    await world.run("UPDATE endpoint SET fallback_id = :second WHERE id = :first", first=first, second=second)
    if third:
        last = await world.person(THIRD, subscriber=who, phases=16)
        await world.run("UPDATE endpoint SET fallback_id = :last WHERE id = :second", last=last, second=second)


def answers(world: World, result: Result, *addresses: str) -> None:
    world.email.answer = lambda message: result if message.address in addresses else Accepted("queued", 250)


async def round_(world: World) -> None:
    await stand_in(world.pool)
    await world.deliver()


async def test_what_a_dead_address_was_owed_is_told_on_its_fallback(world: World) -> None:
    await one_person(world)
    answers(world, AddressDead("nobody"), FIRST)
    await world.tell("It is down.")
    await round_(world)
    assert await world.ledger(FIRST) == [(1, "failed", "address_dead")]
    assert await world.ledger(SECOND) == [(1, "accepted", None)]
    assert await world.rows("SELECT rule FROM delivery WHERE state = 'accepted'") == [("fallback",)]
    assert await world.rows("SELECT count(*) FROM fallback_debt") == [(0,)]


async def test_the_fallback_hears_what_comes_after_as_the_first_would_have(world: World) -> None:
    await one_person(world)
    answers(world, AddressDead("nobody"), FIRST)
    opened = await world.tell("It is down.")
    await round_(world)
    await world.later(600)
    await world.tell("We are on it.", about=opened)
    await world.tell("Something else.")
    await world.tell("It is over.", about=opened, status="resolved")
    await world.later(600)
    await world.deliver()
    told = [text for texts in world.email.texts_to(SECOND) for text in texts]
    assert told[0] == "It is down."
    assert {"Something else.", "It is over."} <= set(told)


async def test_an_end_is_told_on_the_fallback_where_the_first_was_told_of_the_beginning(world: World) -> None:
    await one_person(world)
    opened = await world.tell("It is down.")
    answers(world, GiveUp("refused"), FIRST)
    await world.tell("It is over.", about=opened, status="resolved")
    await round_(world)
    assert await world.ledger(FIRST) == [(1, "accepted", None), (2, "failed", "refused")]
    assert world.email.texts_to(SECOND) == [["It is over."]]


async def test_a_bounce_is_taken_back_and_owed_on_the_fallback(world: World) -> None:
    await one_person(world)
    await world.tell("It is down.")
    bounced = Receipt(world.email.sent[0].delivery, ReceiptKind.BOUNCED, "5.1.1", "nobody")
    await receive(world.engine, "s", "practice", [bounced])
    await round_(world)
    assert await world.ledger(FIRST) == [(1, "bounced", "bounced_later")]
    assert await world.ledger(SECOND) == [(1, "accepted", None)]
    assert await world.rows(
        "SELECT told FROM pace JOIN endpoint e ON e.id = endpoint_id WHERE address = :a", a=FIRST
    ) == [([],)]


async def test_what_came_back_for_a_reason_that_may_pass_is_told_on_the_fallback_at_once(world: World) -> None:
    await one_person(world)
    await world.tell("It is down.")
    name = world.email.sent[0].delivery
    off = Receipt(name, ReceiptKind.BOUNCED, "30003", "switched off", keeps_address=True, may_pass=True)
    await receive(world.engine, "s", "practice", [off])
    await round_(world)
    assert await world.ledger(FIRST) == [(1, "bounced", "bounced_later")]
    assert await world.ledger(SECOND) == [(1, "accepted", None)]


async def test_a_bounce_of_the_second_word_leaves_the_first_told(world: World) -> None:
    await world.person(FIRST)
    opened = await world.tell("It is down.")
    await world.later(600)
    await world.tell("We are on it.", about=opened)
    await world.later(60)
    await world.deliver()
    bounce = Receipt(world.email.sent[1].delivery, ReceiptKind.BOUNCED, "30007", "filtered", keeps_address=True)
    await receive(world.engine, "s", "practice", [bounce])
    await world.later(600)
    await world.tell("It is over.", about=opened, status="resolved")
    assert await world.ledger(FIRST) == [(1, "accepted", None), (2, "bounced", "bounced_later"), (3, "accepted", None)]


async def test_whoever_stands_in_may_fail_too(world: World) -> None:
    await one_person(world, third=True)
    answers(world, AddressDead("nobody"), FIRST, SECOND)
    opened = await world.tell("It is down.")
    await round_(world)
    await round_(world)
    await world.later(600)
    await world.tell("It is over.", about=opened, status="resolved")
    assert world.email.texts_to(THIRD) == [["It is down."], ["It is over."]]


async def test_an_unknown_outcome_stays_told_and_goes_nowhere_else(world: World) -> None:
    await one_person(world)
    answers(world, Ambiguous("no answer"), FIRST)
    await world.tell("It is down.")
    await round_(world)
    await world.later(60)
    await round_(world)
    assert await world.ledger(SECOND) == [(1, "skipped", "phase_not_chosen")]


async def test_who_opted_out_is_not_written_to_elsewhere(world: World) -> None:
    await one_person(world)
    await world.run("UPDATE endpoint SET state = 'opted_out' WHERE address = :first", first=FIRST)
    await world.tell("It is down.")
    await round_(world)
    assert world.email.sent == []


async def test_a_fallback_that_is_being_written_to_takes_over_afterwards(world: World) -> None:
    await one_person(world)
    done: list[int] = []

    def answer(message: Message) -> Result:
        return AddressDead("nobody") if message.address == FIRST else Accepted("queued", 250)

    async def meanwhile() -> None:
        done.append(await stand_in(world.pool))

    world.email.answer = answer
    await world.tell("It is down.")
    await world.run("UPDATE endpoint SET phases = NULL WHERE address = :second", second=SECOND)
    world.email.before_answer = meanwhile
    await world.tell("Something else.")  # in the same bucket: it is leased while this goes out
    world.email.before_answer = None
    await round_(world)
    await world.later(600)
    await world.deliver()
    assert done == [0]
    assert [text for texts in world.email.texts_to(SECOND) for text in texts] == ["Something else.", "It is down."]


async def test_a_fallback_that_heard_of_the_beginning_itself_hears_the_end_itself(world: World) -> None:
    await one_person(world)
    await world.run("UPDATE endpoint SET phases = NULL WHERE address = :second", second=SECOND)
    opened = await world.tell("It is down.")
    timing = '{"mode": "daily", "digest_at": "08:00", "quiet_hours": null, "sev1_breaks_quiet": true}'
    await world.run("UPDATE endpoint SET timing = CAST(:t AS jsonb) WHERE address = :second", t=timing, second=SECOND)
    await world.tell("It is over.", about=opened, status="resolved")
    answers(world, AddressDead("nobody"), FIRST)
    await world.tell("Something else.")
    await round_(world)
    await world.later(86_400)
    await world.deliver()
    assert "It is over." in [text for texts in world.email.texts_to(SECOND) for text in texts]
