"""News that is hours late is expired, the end never is while somebody was told; what is unsent can be cancelled."""

from __future__ import annotations

import asyncio

import pytest

from delivery.provider import Provider
from delivery.world import World
from tocsin.domain.channel import Accepted, ChannelName, OnUnknown
from tocsin.domain.errors import Ambiguous, GiveUp, TryAgain
from tocsin.domain.incident import Phase
from tocsin.services.cancel import cancel_all
from tocsin.services.policy import BrokenPolicy, parse_policy
from tocsin.services.publish import Published
from tocsin.services.retry import retry_all
from tocsin.settings import read_policy_text
from tocsin.store import channels, claim
from tocsin.store.engine import begin
from tocsin.store.ledger import Filter

HOURS = 3600.0


async def test_news_that_could_not_be_told_for_hours_is_expired_and_says_why(world: World) -> None:
    await world.person("a@example.com")
    world.email.answer = lambda _: TryAgain("451 come back later", code=451)
    await world.tell("It is down.")
    await world.later(5 * HOURS)
    await world.deliver()
    assert await world.ledger("a@example.com") == [(1, "held", "retrying")]
    await world.later(2 * HOURS)
    world.email.answer = lambda _: Accepted("q", 250)
    await world.deliver()
    assert await world.ledger("a@example.com") == [(1, "expired", "too_late")]
    assert len(world.email.sent) == 2


async def test_the_end_is_told_however_late_to_whoever_was_told(world: World) -> None:
    await world.person("a@example.com")
    opened = await world.tell("It is down.")
    world.email.answer = lambda _: TryAgain("451 come back later", code=451)
    await world.later(600)
    await world.tell("It is fixed.", about=opened, status="resolved")
    await world.later(20 * HOURS)
    world.email.answer = lambda _: Accepted("q", 250)
    await world.deliver()
    assert await world.ledger("a@example.com") == [(1, "accepted", None), (2, "accepted", None)]


async def test_a_newer_version_has_an_age_of_its_own(world: World) -> None:
    await world.person("a@example.com")
    world.email.answer = lambda _: TryAgain("451 come back later", code=451)
    opened = await world.tell("It is down.")
    await world.later(5 * HOURS)
    world.email.answer = lambda _: Accepted("q", 250)
    await world.say("We know why.", about=opened, status="identified")
    await world.spread()
    await world.later(2 * HOURS)
    await world.deliver()
    assert (await world.ledger("a@example.com"))[-1] == (2, "accepted", None)


async def test_what_a_reader_chose_to_wait_is_not_late(world: World) -> None:
    endpoint = await world.person("a@example.com")
    await world.run(
        """UPDATE endpoint SET timing = '{"mode": "daily", "digest_at": "00:00"}' WHERE id = :id""", id=endpoint
    )
    await world.tell("It is down.", severity="sev3")
    [(due,)] = await world.rows(
        "SELECT due_at - tocsin_epoch() FROM delivery WHERE endpoint_id = :id AND state = 'held'", id=endpoint
    )
    await world.run("UPDATE delivery SET since = since - 72000 WHERE endpoint_id = :id", id=endpoint)
    await world.run("UPDATE incident_update SET created_at = created_at - interval '20 hours'")
    await world.later(due + 60)
    await world.deliver()
    assert (await world.ledger("a@example.com"))[0][1] == "accepted"


async def test_what_expired_can_be_tried_again(world: World) -> None:
    await world.person("a@example.com")
    await world.say("It is down.")
    await world.spread()
    await world.later(7 * HOURS)
    await world.deliver()
    assert (await world.ledger("a@example.com"))[0][1] == "expired"
    async with begin(world.engine) as connection:
        [(incident,)] = await world.rows("SELECT id FROM incident")
        assert (await retry_all(connection, incident, ["expired"])).n == 1
    await world.deliver()
    assert await world.ledger("a@example.com") == [(1, "accepted", None)]


def test_the_end_of_an_incident_cannot_have_a_deadline() -> None:
    text = read_policy_text()
    assert parse_policy(text).deadlines[Phase.OPENED] == 6 * HOURS
    assert Phase.RESOLVED not in parse_policy(text).deadlines
    with pytest.raises(BrokenPolicy, match="resolved"):
        parse_policy(text.replace("[deadlines]\n", "[deadlines]\nresolved = 60\n"))


async def cancel(world: World, only: Filter | None = None) -> tuple[int, int]:
    async with begin(world.engine) as connection:
        [(incident,)] = await world.rows("SELECT max(id) FROM incident")
        done = await cancel_all(connection, incident, only or Filter(), "someone")
        return done.n, done.away


async def test_what_is_cancelled_never_goes_out_and_a_newer_version_does(world: World) -> None:
    await world.crowd(20)
    said = await world.say("Wrong words.")
    await world.spread()
    assert await cancel(world, Filter(channel="sms")) == (0, 0)
    assert await cancel(world) == (20, 0)
    await world.deliver()
    assert (world.email.sent, await world.states()) == ([], {"cancelled": 20})
    await world.tell("The right words.", about=said)
    assert await world.states() == {"cancelled": 20, "accepted": 20}


@pytest.mark.parametrize(
    ("answer", "ends"),
    [(Accepted("q", 250), "accepted"), (TryAgain("451", code=451), "cancelled"), (GiveUp("550"), "cancelled")],
)
async def test_what_is_cancelled_in_a_workers_hands_ends_as_it_went(
    world: World, answer: Accepted | TryAgain, ends: str
) -> None:
    await world.person("a@example.com")
    seen: list[tuple[int, int]] = []

    async def cancel_now() -> None:
        seen.append(await cancel(world))

    world.email.before_answer, world.email.answer = cancel_now, lambda _: answer
    await world.tell("Wrong words.")
    assert seen == [(1, 1)]
    assert (await world.ledger("a@example.com"))[0][1] == ends
    await world.later(HOURS)
    await world.deliver()
    assert len(world.email.sent) == 1


async def test_a_pause_waits_for_the_claim_that_is_under_way_and_lets_no_other_begin(world: World) -> None:
    await world.crowd(5)
    await world.say("It is down.")
    await world.spread()

    async def pause() -> None:
        async with begin(world.engine) as connection:
            await channels.pause(connection, "email", "someone")

    async with world.pool.acquire() as connection, connection.transaction():
        assert await claim.lease(connection, ChannelName.EMAIL, 500) is not None
        pausing = asyncio.create_task(pause())
        await asyncio.sleep(0.2)
        assert not pausing.done(), "a batch could begin after the pause was answered"
    await pausing
    await world.deliver()
    assert (world.email.sent, await world.states()) == ([], {"pending": 5})
    async with begin(world.engine) as connection_2:
        await channels.resume(connection_2, "email")
    await world.deliver()
    assert await world.states() == {"accepted": 5}


async def busy_since_it_was_told(world: World) -> Published:
    """Tell somebody that it is down, and have their mailbox take nothing from then on."""
    opened = await world.tell("It is down.")
    world.email.answer = lambda _: TryAgain("451 come back later", code=451)
    await world.later(600)
    return opened


async def days_of_trying(world: World, days: float) -> int:
    """Let days pass in steps of three hours; return how often it was tried."""
    before = len(world.email.sent)
    for _ in range(round(days * 8)):
        await world.later(3 * HOURS)
        await world.deliver()
    return len(world.email.sent) - before


async def test_the_end_is_never_given_up_while_somebody_was_told_that_it_began(world: World) -> None:
    await world.person("a@example.com")
    opened = await busy_since_it_was_told(world)
    await world.tell("It is fixed.", about=opened, status="resolved")
    assert await days_of_trying(world, 3) > 10
    assert (await world.ledger("a@example.com"))[-1] == (2, "held", "retrying")
    await world.tell("What it was.", about=opened, status="postmortem")
    assert 5 < await days_of_trying(world, 7) < 7 * 8
    assert (await world.ledger("a@example.com"))[1:] == [
        (2, "superseded", "newer_version"),
        (3, "held", "retrying"),
    ]
    world.email.answer = lambda _: Accepted("q", 250)
    await days_of_trying(world, 1)
    assert (await world.ledger("a@example.com"))[-1] == (3, "accepted", None)
    assert world.email.texts_to("a@example.com")[-1] == ["What it was."]


async def test_an_end_in_doubt_is_not_given_up_either(world: World) -> None:
    await world.person("a@example.com")
    opened = await world.tell("It is down.")
    silent = Provider(answer=lambda _: Ambiguous("no answer"), on_unknown=OnUnknown.RESEND_FREELY)
    await world.say("It is fixed.", about=opened, status="resolved")
    await world.spread()
    for _ in range(30):
        await world.deliver(world.way(provider=silent))
        await world.later(3 * HOURS)
    assert (await world.ledger("a@example.com"))[-1] == (2, "unknown", "outcome_unknown")


async def test_whoever_never_heard_that_it_began_is_given_up_after_a_day(world: World) -> None:
    await world.person("a@example.com")
    world.email.answer = lambda _: TryAgain("451 come back later", code=451)
    await world.tell("It was down, and is fixed.", status="resolved")
    await world.later(world.policy.patience.total + 1)
    await world.deliver()
    assert await world.ledger("a@example.com") == [(1, "failed", "retries_exhausted")]


async def test_an_end_that_was_not_taken_for_a_day_is_owed_to_the_fallback_if_there_is_one(world: World) -> None:
    first = await world.person("a@example.com")
    [(subscriber,)] = await world.rows("SELECT subscriber_id FROM endpoint WHERE id = :id", id=first)
    other = await world.person("b@example.com", subscriber=subscriber, channel=ChannelName.WEBHOOK)
    await world.run("UPDATE endpoint SET fallback_id = :other WHERE id = :id", other=other, id=first)
    opened = await busy_since_it_was_told(world)
    await world.tell("It is fixed.", about=opened, status="resolved")
    await world.later(world.policy.patience.total + 1)
    await world.deliver()
    assert (await world.ledger("a@example.com"))[-1] == (2, "failed", "retries_exhausted")
