"""One message per endpoint, nothing lost, nothing twice, nothing old after something new."""

from __future__ import annotations

import asyncio

from delivery.provider import Provider
from delivery.world import World
from tocsin.domain.channel import Accepted, Message, Result
from tocsin.domain.errors import AddressDead, GiveUp, ProviderDown, TryAgain


async def test_everyone_hears_once_and_the_ledger_says_so(world: World) -> None:
    await world.crowd(1300)
    published = await world.tell("It is down.", severity="sev1")
    assert len(world.email.sent) == 1300
    assert world.email.most_to_one() == 1
    assert await world.states() == {"accepted": 1300}
    [(finished, rows)] = await world.rows(
        "SELECT bool_and(finished_at IS NOT NULL), sum(cardinality(outcomes)) FROM attempt"
    )
    assert (finished, rows) == (True, 1300)
    message = world.email.sent[0]
    assert message.id.startswith(f"{published.update_id}.")


async def test_two_workers_share_the_work_and_nobody_hears_twice(world: World) -> None:
    await world.crowd(1600)
    await world.say("It is down.", severity="sev1")
    await world.spread()
    await asyncio.gather(*(world.deliver(world.way()) for _ in range(3)))
    assert len(world.email.sent) == 1600
    assert world.email.most_to_one() == 1


async def test_a_newer_version_takes_the_place_of_an_unsent_older_one(world: World) -> None:
    await world.person("someone@example.com")
    opened = await world.say("It is down.")
    await world.spread()
    await world.tell("We found the cause.", about=opened, status="identified")
    assert world.email.texts_to("someone@example.com") == [["We found the cause."]]
    assert await world.ledger("someone@example.com") == [(1, "superseded", "newer_version"), (2, "accepted", None)]


async def test_no_stale_text_leaves_once_a_newer_version_is_published(world: World) -> None:
    await world.person("someone@example.com")
    opened = await world.say("It is down.")
    await world.spread()
    way = world.way()
    await world.say("It is worse.", about=opened, severity="sev1")
    await world.deliver(way)  # the newer version's fan-out has not come by yet
    assert world.email.sent == []
    await world.spread()
    await world.deliver(way)
    assert world.email.texts_to("someone@example.com") == [["It is worse."]]


async def test_a_fan_out_that_comes_late_writes_the_older_version_as_superseded(world: World) -> None:
    await world.person("someone@example.com")
    opened = await world.say("It is down.")
    await world.run("UPDATE outbox SET due_at = due_at + 1000")
    await world.tell("It is worse.", about=opened)
    await world.run("UPDATE outbox SET due_at = due_at - 1000 WHERE done_at IS NULL")
    await world.spread()
    await world.deliver()
    assert world.email.texts_to("someone@example.com") == [["It is worse."]]
    assert await world.ledger("someone@example.com") == [(1, "superseded", "newer_version"), (2, "accepted", None)]


async def test_two_incidents_owed_to_one_endpoint_come_in_one_message(world: World) -> None:
    await world.person("someone@example.com")
    await world.say("The shop is slow.", severity="sev3")
    await world.say("Checkout is down.", severity="sev1")
    await world.spread()
    await world.deliver()
    assert world.email.texts_to("someone@example.com") == [["Checkout is down.", "The shop is slow."]]
    assert await world.states() == {"accepted": 2}


async def test_a_second_change_waits_to_be_merged_and_then_goes_out(world: World) -> None:
    await world.person("someone@example.com")
    opened = await world.tell("It is down.", severity="sev2")
    await world.tell("We found the cause.", about=opened, status="identified")
    assert await world.ledger("someone@example.com") == [(1, "accepted", None), (2, "held", "merging")]
    await world.tell("A fix is in place.", about=opened, status="monitoring")
    await world.later(world.policy.waits.routine + 1)
    await world.deliver()
    assert world.email.texts_to("someone@example.com") == [["It is down."], ["A fix is in place."]]


async def test_who_was_told_that_it_is_broken_is_told_at_once_that_it_is_fixed(world: World) -> None:
    await world.person("someone@example.com", least="sev1")
    opened = await world.tell("It is down.", severity="sev1")
    await world.tell("It is fixed.", about=opened, status="resolved", severity="sev3")
    assert world.email.texts_to("someone@example.com") == [["It is down."], ["It is fixed."]]


async def test_who_never_heard_that_it_began_is_not_told_that_it_is_over(world: World) -> None:
    await world.person("someone@example.com")
    opened = await world.say("It is down.")
    await world.spread()
    await world.tell("It is fixed.", about=opened, status="resolved")
    assert world.email.sent == []
    assert await world.ledger("someone@example.com") == [
        (1, "superseded", "newer_version"),
        (2, "skipped", "already_over"),
    ]


async def test_a_version_that_was_superseded_in_flight_was_heard_and_its_end_is_told(world: World) -> None:
    await world.person("someone@example.com", least="sev1")
    opened = await world.say("It is down.", severity="sev1")
    await world.spread()

    async def meanwhile() -> None:
        world.email.before_answer = None
        await world.say("It is fixed.", about=opened, status="resolved", severity="sev4")
        await world.spread()

    world.email.before_answer = meanwhile
    await world.deliver()
    await world.deliver()
    assert world.email.texts_to("someone@example.com") == [["It is down."], ["It is fixed."]]
    assert await world.ledger("someone@example.com") == [(1, "accepted", None), (2, "accepted", None)]


async def test_a_version_that_was_superseded_in_flight_and_not_taken_is_not_tried_again(world: World) -> None:
    await world.person("someone@example.com")
    opened = await world.say("It is down.", severity="sev1")
    await world.spread()

    async def meanwhile() -> None:
        world.email.before_answer = None
        await world.say("We found the cause.", about=opened, status="identified")
        await world.spread()

    world.email.before_answer = meanwhile
    world.email.answer = lambda _: TryAgain("451 later")
    await world.deliver()
    world.email.answer = lambda _: Accepted("q", 250)
    await world.later(1000)
    await world.deliver()
    assert world.email.texts_to("someone@example.com")[-1] == ["We found the cause."]
    assert await world.ledger("someone@example.com") == [(1, "superseded", "newer_version"), (2, "accepted", None)]


async def test_who_unsubscribes_after_the_fan_out_hears_nothing(world: World) -> None:
    await world.person("someone@example.com")
    await world.say("It is down.")
    await world.spread()
    await world.run("UPDATE endpoint SET state = 'opted_out' WHERE channel = 'email'")
    await world.deliver()
    assert world.email.sent == []
    assert await world.ledger("someone@example.com") == [(1, "suppressed", "opted_out")]


async def test_a_paused_channel_holds_and_loses_nothing(world: World) -> None:
    await world.person("someone@example.com")
    await world.run("INSERT INTO channel (name, paused_at) VALUES ('email', tocsin_now())")
    await world.tell("It is down.")
    assert world.email.sent == []
    await world.run("DELETE FROM channel")
    await world.deliver()
    assert len(world.email.sent) == 1


async def test_what_a_provider_could_not_take_is_tried_again_after_the_time_it_asked_for(world: World) -> None:
    await world.person("someone@example.com")
    world.email.answer = lambda _: TryAgain("451 greylisted", code=451, retry_after=120)
    await world.tell("It is down.")
    assert await world.ledger("someone@example.com") == [(1, "held", "retrying")]
    await world.later(100)
    await world.deliver()
    assert len(world.email.sent) == 1
    world.email.answer = lambda _: Accepted("queued", 250)
    await world.later(30)
    await world.deliver()
    assert len(world.email.sent) == 2
    assert await world.ledger("someone@example.com") == [(1, "accepted", None)]
    assert await world.rows("SELECT tries, code FROM delivery WHERE provider = 'practice'") == [(2, 250)]


async def test_a_dead_address_is_never_written_to_again(world: World) -> None:
    await world.person("gone@example.com")
    world.email.answer = lambda _: AddressDead("550 5.1.1 no such user", code=550)
    await world.tell("It is down.")
    assert await world.ledger("gone@example.com") == [(1, "failed", "address_dead")]
    await world.tell("Something else is down.")
    assert len(world.email.sent) == 1
    assert await world.ledger("gone@example.com") == [(1, "failed", "address_dead"), (1, "suppressed", "quarantined")]


async def test_a_fault_of_our_own_account_is_held_against_no_recipient(world: World) -> None:
    await world.person("someone@example.com")
    world.email.answer = lambda _: ProviderDown("63038 daily limit", code=63038)
    await world.tell("It is down.")
    assert await world.ledger("someone@example.com") == [(1, "held", "provider_down")]
    assert await world.rows("SELECT state::text FROM endpoint WHERE channel = 'email'") == [("active",)]


async def test_one_recipient_that_is_refused_does_not_touch_the_others(world: World) -> None:
    def answer(message: Message) -> Result:
        return GiveUp("554 no") if message.address == "crowd7@example.com" else Accepted("q", 250)

    await world.crowd(20)
    world.email.answer = answer
    await world.tell("It is down.")
    assert await world.states() == {"accepted": 19, "failed": 1}
    assert await world.ledger("crowd7@example.com") == [(1, "failed", "refused")]


async def test_an_endpoint_that_is_rung_often_is_paced_and_still_hears_the_end_of_each_incident(world: World) -> None:
    await world.person("someone@example.com")
    opened = [await world.tell(f"Incident {n}.", severity="sev3") for n in range(8)]
    for one in opened:
        await world.tell("It is over.", about=one, status="resolved")
    for _ in range(80):
        await world.later(60)
        await world.deliver()
    assert await world.rows("SELECT count(*) FROM bucket WHERE live <> '{}' AND channel = 'email'") == [(0,)]
    told = [text for message in world.email.texts_to("someone@example.com") for text in message]
    begun = sum(text.startswith("Incident") for text in told)
    assert begun == told.count("It is over.")
    assert len(world.email.sent) < 8


async def test_broken_words_stop_nothing_and_lose_nothing(world: World) -> None:
    class Broken(Provider):
        def render(self, content: object) -> object:
            raise ValueError(f"template line 7: {content}")

    await world.person("someone@example.com")
    await world.say("It is down.")
    await world.spread()
    await world.deliver(world.way(provider=Broken()))
    [(state, note)] = await world.rows("SELECT d.state::text, note FROM delivery d WHERE note IS NOT NULL")
    assert (state, "template line 7" in str(note)) == ("held", True)
    await world.later(100)
    await world.deliver()
    assert len(world.email.sent) == 1
