"""A receiver of webhooks that asks for fewer calls is left alone until then, by all workers, and loses no try by it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from delivery.world import World
from hooks import ANYWHERE, OK, answering, receiving, status
from tocsin.domain.channel import ChannelName
from tocsin.services.sweep import keep_house
from tocsin.services.way import Way
from tocsin_channels.webhook.channel import WebhookChannel

BUSY = status(429, "Retry-After: 100")


@pytest.fixture
async def channel() -> AsyncIterator[WebhookChannel]:
    made = WebhookChannel(ANYWHERE, 5.0, 20)
    yield made
    await made.close()


async def tell(world: World, channel: WebhookChannel) -> Way:
    await world.say("It is down.", severity="sev1")
    await world.spread()
    way = world.way(provider=channel)
    await world.deliver(way)
    return way


async def tries(world: World, address: str) -> list[tuple[str, str | None, int]]:
    rows = await world.rows(
        """SELECT d.state::text, d.reason, d.tries FROM delivery d JOIN endpoint e ON e.id = d.endpoint_id
        WHERE e.address = :address ORDER BY d.update_id""",
        address=address,
    )
    return [(state, reason, n) for state, reason, n in rows]


async def standing(world: World) -> list[tuple[str, str | None]]:
    rows = await world.rows("SELECT state::text, state_reason FROM endpoint WHERE channel = 'webhook'")
    return [(state, reason) for state, reason in rows]


async def test_a_429_leaves_that_receiver_alone_until_then_and_is_no_try(world: World, channel: WebhookChannel) -> None:
    async with receiving(answering(BUSY, BUSY, OK)) as busy, receiving(answering(OK)) as other:
        for receiver in (busy, other):
            await world.person(receiver.url, channel=ChannelName.WEBHOOK)
        await tell(world, channel)
        assert await tries(world, busy.url) == [("held", "provider_paced", 0)]
        assert await tries(world, other.url) == [("accepted", None, 1)]
        await world.later(60)
        await tell(world, channel)
        assert (len(busy.calls), len(other.calls)) == (1, 2), "other updates wait for it too, and nobody else does"
        assert await tries(world, busy.url) == [("held", "provider_paced", 0)] * 2
        for _ in range(2):
            await world.later(101)
            await world.deliver(world.way(provider=channel))
        assert await tries(world, busy.url) == [("accepted", None, 1)] * 2
        assert len(busy.calls) == 4
        states = await world.rows("SELECT DISTINCT state::text FROM endpoint WHERE channel = 'webhook'")
        assert states == [("active",)]


async def test_news_for_who_answers_429_for_ever_ends_when_it_is_too_late(
    world: World, channel: WebhookChannel
) -> None:
    async with receiving(answering(BUSY)) as busy:
        await world.person(busy.url, channel=ChannelName.WEBHOOK)
        await tell(world, channel)
        for hours in (10, 10, 10):
            await world.later(hours * 3_600)
            await world.deliver(world.way(provider=channel))
        assert await tries(world, busy.url) == [("expired", "too_late", 0)]


async def tell_for_days(world: World, channel: WebhookChannel, days: int) -> None:
    """Tell something every six hours."""
    for _ in range(days * 4):
        await tell(world, channel)
        await keep_house(world.pool)
        await world.later(6 * 3_600)


async def test_a_receiver_that_answers_nothing_but_429_is_disabled_after_five_days(
    world: World, channel: WebhookChannel
) -> None:
    async with receiving(answering(BUSY)) as busy:
        await world.person(busy.url, channel=ChannelName.WEBHOOK)
        await tell_for_days(world, channel, 5)
        assert await standing(world) == [("active", None)]
        await tell(world, channel)
        await keep_house(world.pool)
    [(state, why)] = await standing(world)
    assert state == "quarantined"
    assert "failures since" in str(why)
    assert "The last one: Answered 429: the receiver asks for fewer calls." in str(why)


async def test_a_receiver_that_takes_something_between_429s_is_in_no_trouble(
    world: World, channel: WebhookChannel
) -> None:
    async with receiving(answering(*[BUSY, BUSY, BUSY, OK] * 6, OK)) as busy:
        await world.person(busy.url, channel=ChannelName.WEBHOOK)
        await tell_for_days(world, channel, 6)
    assert await standing(world) == [("active", None)]


async def test_the_end_is_never_given_up_by_429_and_is_tried_ever_more_slowly(
    world: World, channel: WebhookChannel
) -> None:
    async with receiving(answering(OK, BUSY)) as busy:
        await world.person(busy.url, channel=ChannelName.WEBHOOK)
        opened = await world.say("It is down.", severity="sev1")
        await world.spread()
        await world.deliver(world.way(provider=channel))
        await world.say("It is fixed.", about=opened, status="resolved")
        await world.spread()
        for hours in (0, 12, 36):
            await world.later(hours * 3_600)
            await world.deliver(world.way(provider=channel))
        assert await tries(world, busy.url) == [("accepted", None, 1), ("held", "provider_paced", 0)]
        [(wait,)] = await world.rows("SELECT due_at - tocsin_epoch() FROM delivery d WHERE state = 'held'")
        assert 3_600 < wait <= 6 * 3_600
