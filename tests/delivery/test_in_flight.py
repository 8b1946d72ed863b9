"""A word that comes while others are out does not wait for them: as many batches are in flight as may be."""

from __future__ import annotations

import asyncio

from delivery.provider import Provider
from delivery.world import World
from tocsin.services.deliver import deliver


async def test_a_call_in_mid_delivery_fills_up_what_may_be_in_flight(world: World) -> None:
    await world.person("core@example.com", ["oncall"])
    await world.crowd(20)
    free = asyncio.Event()
    provider = Provider(before_answer=free.wait)
    way = world.way(provider=provider)
    await world.say("psp-gw-3 times out.", severity="sev1", audiences=["oncall"])
    await world.spread()
    delivering = asyncio.create_task(deliver(way))
    await _until_out(provider, 1)  # its second round found nothing, and is over
    await world.say("Payments fail.", severity="sev1", audiences=["customers"])
    await world.spread()
    assert await deliver(way) == 0
    await _until_out(provider, 2)
    free.set()
    assert await delivering == 21
    assert not way.running


async def _until_out(provider: Provider, messages: int) -> None:
    async with asyncio.timeout(20):
        while len(provider.sent) < messages:  # noqa: ASYNC110 - the provider is all there is to look at
            await asyncio.sleep(0.01)
