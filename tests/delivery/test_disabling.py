"""An address that takes nothing: its owner is told at another one, and it is disabled days later, never before."""

from __future__ import annotations

import pytest

from delivery.failing import HOOK, HOUR, REFUSED, TOOK, Days, receivers
from delivery.world import World
from tocsin.domain.channel import Accepted, ChannelName, Result
from tocsin.domain.errors import Ambiguous, GiveUp, ProviderDown, TooFast, TryAgain
from tocsin.services.sweep import keep_house

ADA = "ada@example.com"


@pytest.fixture
def days(world: World) -> Days:
    return Days(world)


async def test_its_owner_is_told_once_after_an_hour_of_failures(days: Days, world: World) -> None:
    await days.somebody()
    await days.update()
    await days.go_on(0.75, every=0.25)
    assert await days.office.notices(ADA) == []  # four failures, and not an hour yet
    await days.go_on(0.25, every=0.25)
    [notice] = await days.office.notices(ADA)
    assert notice.title == "hooks.example.com takes no messages from Acme just now"
    [(since,)] = await world.rows("SELECT to_char(to_timestamp(since) AT TIME ZONE 'UTC', 'HH24:MI') FROM trouble")
    assert f"{since} UTC nothing from Acme has come through to hooks.example.com" in notice.paragraphs[0]
    assert notice.url.startswith(f"{days.office.settings.url}/manage/")
    await days.go_on(24)
    assert len(await days.office.notices(ADA)) == 1
    assert await days.state() == "active"


async def test_it_is_told_in_the_owners_language(days: Days) -> None:
    await days.somebody(locale="de")
    await days.update()
    await days.go_on(2, every=0.5)
    [notice] = await days.office.notices(ADA)
    assert notice.title == "hooks.example.com nimmt zurzeit keine Nachrichten von Acme an"
    assert notice.paragraphs[1].startswith("Bleibt es dabei, wird ab ")
    assert notice.locale == "de"


async def test_fewer_failures_are_told_to_nobody(days: Days, world: World) -> None:
    await days.somebody()
    await days.update()
    await days.go_on(180, every=90)  # three in more than a week
    assert await days.office.notices(ADA) == []
    assert await world.rows("SELECT failures FROM trouble") == [(3,)]
    assert await days.state() == "active"


async def test_it_is_disabled_after_five_days_of_nothing_else(days: Days, world: World) -> None:
    await days.somebody()
    await days.update()
    await days.go_on(114, every=19)
    assert await days.state() == "active"
    await days.go_on(6)
    assert await days.state() == "quarantined"
    because = await days.because()
    assert "8 failures since" in because
    assert "The last one: Answered 500: the receiver stumbled." in because
    assert "Its owner was told at" in because
    first, last = await days.office.notices(ADA)
    assert first.title.endswith("just now")
    assert last.title == "hooks.example.com takes no more messages from Acme"
    assert await world.rows("SELECT * FROM trouble") == []


async def test_it_is_not_disabled_before_its_owner_has_known_for_a_day(days: Days) -> None:
    await days.somebody()
    await days.update()
    await days.go_on(120, every=60)
    await days.go_on(6)  # the fourth failure: only now is there enough to tell
    assert len(await days.office.notices(ADA)) == 1
    await days.go_on(18)
    assert await days.state() == "active"
    await days.go_on(6)
    assert await days.state() == "quarantined"


async def test_with_no_other_address_it_is_disabled_at_the_same_hour_and_that_is_said(days: Days) -> None:
    await days.somebody(mail=False)
    await days.update()
    await days.go_on(114, every=19)
    assert await days.state() == "active"
    await days.go_on(6)
    assert await days.state() == "quarantined"
    assert "Its owner could not be told at another address." in await days.because()


async def test_another_address_that_takes_no_notice_is_followed_by_the_next(days: Days, world: World) -> None:
    hook = await days.somebody()
    [(subscriber,)] = await world.rows("SELECT subscriber_id FROM endpoint WHERE id = :id", id=hook)
    await world.person("second@example.com", subscriber=subscriber)
    days.office.desk(ChannelName.EMAIL)
    answers: dict[str, Result] = {ADA: GiveUp("no such mailbox")}
    days.office.carriers[ChannelName.EMAIL].answer = lambda m: answers.get(m.address, Accepted())
    await days.update()
    await days.go_on(2, every=0.5)
    await days.go_on(2, every=0.5)
    assert [len(await days.office.notices(at)) for at in (ADA, "second@example.com")] == [1, 1]
    assert await world.rows("SELECT told_at IS NOT NULL FROM trouble") == [(True,)]


async def test_a_way_that_is_there_later_is_taken(days: Days, world: World) -> None:
    hook = await days.somebody(mail=False)
    await days.update()
    await days.go_on(12)
    [(subscriber,)] = await world.rows("SELECT subscriber_id FROM endpoint WHERE id = :id", id=hook)
    await world.person(ADA, subscriber=subscriber)
    await days.go_on(6)
    assert len(await days.office.notices(ADA)) == 1


async def test_one_success_clears_it(days: Days, world: World) -> None:
    await days.somebody()
    await days.update()
    await days.go_on(114, every=19)
    days.answer = TOOK
    await days.update()
    assert await world.rows("SELECT * FROM trouble") == []
    days.answer = REFUSED
    await days.go_on(114, every=19)
    assert await days.state() == "active"
    assert len(await days.office.notices(ADA)) == 2


async def test_who_mended_it_before_the_notice_went_out_is_told_nothing(days: Days, world: World) -> None:
    await days.somebody()
    await days.update()
    await days.go_on(1, every=0.25)
    assert len(await days.office.notices(ADA)) == 1
    await world.run("UPDATE trouble SET told_at = NULL, looked_at = NULL")
    await world.run("DELETE FROM notice")
    await keep_house(world.pool)
    days.answer = TOOK
    await days.update()
    assert len(await days.office.notices(ADA)) == 1
    assert await world.rows("SELECT outcome FROM notice") == [("unwanted",)]


@pytest.mark.parametrize(
    ("answer", "failures"),
    [
        (TryAgain("Answered 500."), 1),
        (Ambiguous("no answer within 15 s"), 1),
        (GiveUp("a private network"), 1),
        (ProviderDown("our token was revoked"), None),
    ],
)
async def test_what_is_our_own_fault_counts_against_nobody(
    days: Days, world: World, answer: Result, failures: int | None
) -> None:
    await days.somebody()
    days.answer = answer
    await days.update()
    assert await world.rows("SELECT failures FROM trouble") == ([] if failures is None else [(failures,)])


async def test_words_that_break_count_against_nobody(days: Days, world: World) -> None:
    await days.somebody()
    await world.say("It is down.", severity="sev1")
    await world.spread()
    days.provider.render = _break  # type: ignore[method-assign]
    await world.deliver(world.way(provider=days.provider))
    assert await world.ledger(HOOK) == [(1, "held", "retrying")]
    assert await world.rows("SELECT * FROM trouble") == []


def _break(content: object) -> object:
    raise ValueError(content)


async def test_several_messages_of_one_attempt_fail_once(days: Days, world: World) -> None:
    await days.somebody()
    for _ in range(3):
        await world.say("It is down.", severity="sev1")
    await world.spread()
    await world.deliver(world.way(provider=days.provider))
    assert len(days.provider.sent) == 3
    assert await world.rows("SELECT failures, note FROM trouble") == [(1, "Answered 500: the receiver stumbled.")]


async def test_a_fallback_hears_what_a_disabled_address_was_still_owed(days: Days, world: World) -> None:
    hook = await days.somebody()
    [(mail,)] = await world.rows("SELECT id FROM endpoint WHERE address = :a", a=ADA)
    await world.run("UPDATE endpoint SET fallback_id = :mail WHERE id = :hook", mail=mail, hook=hook)
    await days.update()
    await days.go_on(120, every=20)
    assert await days.state() == "quarantined"
    assert await world.rows("SELECT count(*) > 0 FROM fallback_debt WHERE endpoint_id = :hook", hook=hook) == [(True,)]
    assert await world.stand_in() == 1


async def test_addresses_of_other_channels_are_never_in_trouble(world: World) -> None:
    await world.person(ADA)
    world.email.answer = lambda _: TryAgain("greylisted")
    await world.tell("It is down.", severity="sev1")
    assert await world.rows("SELECT * FROM trouble") == []


async def test_one_that_is_deleted_in_flight_stops_nobody_elses_record(days: Days, world: World) -> None:
    await days.somebody()
    await world.person("https://other.example.com", channel=ChannelName.WEBHOOK)
    await world.say("It is down.", severity="sev1")
    await world.spread()

    async def delete() -> None:
        await world.run("DELETE FROM endpoint WHERE address = :hook", hook=HOOK)

    days.provider.before_answer = delete
    await world.deliver(world.way(provider=days.provider))
    assert await world.rows("SELECT address FROM trouble JOIN endpoint e ON e.id = endpoint_id") == [
        ("https://other.example.com",)
    ]


async def test_a_429_of_a_service_that_carries_many_is_no_failure_of_an_address(world: World) -> None:
    await world.person("slack:#incidents", channel=ChannelName.CHAT)
    rooms = receivers(lambda: TooFast("Slack: ratelimited, more was posted than Slack takes."), ChannelName.CHAT)
    await world.say("It is down.", severity="sev1")
    await world.spread()
    await world.deliver(world.way(provider=rooms))
    assert len(rooms.sent) == 1
    assert await world.rows("SELECT * FROM trouble") == []


async def test_a_chat_room_is_disabled_likewise(world: World) -> None:
    await world.person("https://hooks.slack.com/x", channel=ChannelName.CHAT)
    rooms = receivers(lambda: REFUSED, ChannelName.CHAT)
    for _ in range(6):
        await world.say("It is down.", severity="sev1")
        await world.spread()
        await world.deliver(world.way(provider=rooms))
        await keep_house(world.pool, disable_after_hours=4)
        await world.later(HOUR)
    assert await world.rows("SELECT state::text FROM endpoint WHERE channel = 'chat'") == [("quarantined",)]
