"""A receiver that never answers is asked again ever more slowly, and not for ever."""

from __future__ import annotations

from delivery.provider import Provider
from delivery.world import World
from tocsin.domain.channel import Accepted, OnUnknown
from tocsin.domain.errors import Ambiguous

_DAY = 24 * 3600


def silent() -> Provider:
    return Provider(answer=lambda _: Ambiguous("no answer"), on_unknown=OnUnknown.RESEND_FREELY)


async def test_silence_is_borne_as_long_as_the_news_is_worth_it(world: World) -> None:
    await world.person("hook@example.com")
    provider = silent()
    await world.say("It is down.")
    await world.spread()
    for _ in range(2 * _DAY // 900):
        await world.deliver(world.way(provider=provider))
        if (await world.ledger("hook@example.com"))[0][1] == "failed":
            break
        await world.later(900)
    assert await world.ledger("hook@example.com") == [(1, "failed", "retries_exhausted")]
    assert len({message.id for message in provider.sent}) == 1
    assert 20 < len(provider.sent) < 200


async def test_an_answer_at_last_ends_the_doubt(world: World) -> None:
    await world.person("hook@example.com")
    provider = silent()
    await world.say("It is down.")
    await world.spread()
    for _ in range(4):
        await world.deliver(world.way(provider=provider))
        await world.later(900)
    provider.answer = lambda _: Accepted(code=200)
    await world.deliver(world.way(provider=provider))
    assert (await world.ledger("hook@example.com"))[-1][1:] == ("accepted", "outcome_unknown")
