"""`why` tells what a provider made of a message, and who stood in, as a second reading of the docs has it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator

import httpx
import pytest

from delivery.provider import Provider
from delivery.world import World, open_world
from tocsin.domain.channel import Accepted, Message, Result
from tocsin.domain.errors import AddressDead, Ambiguous, GiveUp, OptedOut, ProviderDown, TryAgain

PEOPLE = 100
AT_LEAST = 5
ANSWERS: dict[str, Result] = {
    "takes": Accepted("queued", 250),
    "later": TryAgain("busy"),
    "down": ProviderDown("no credit"),
    "dead": AddressDead("nobody"),
    "stood": AddressDead("nobody"),
    "never": GiveUp("too long"),
    "silent": Ambiguous("no answer"),
    "stopped": OptedOut("STOP"),
}
# Read once more: what the row says, and how its sentence begins.
READ = {
    "takes": ("accepted", None, "practice took it at "),
    "later": ("held", "retrying", "Held until "),
    "down": ("held", "provider_down", "Held until "),
    "dead": ("failed", "address_dead", "Not delivered: "),
    "stood": ("failed", "address_dead", "Not delivered: "),
    "never": ("failed", "refused", "Not delivered: "),
    "silent": ("unknown", "outcome_unknown", "Nobody knows yet: "),
    "stopped": ("suppressed", "opted_out", "Not sent: "),
}


@pytest.fixture
async def world(database_url: str, broker_url: str) -> AsyncIterator[World]:
    made = await open_world(database_url, broker_url)
    yield made
    await made.close()


def answer(message: Message) -> Result:
    return ANSWERS.get(message.address.split("-")[0], ANSWERS["takes"])


async def test_why_agrees_about_trouble_and_who_stands_in(client: httpx.AsyncClient, world: World) -> None:
    chance = random.Random(3)
    people = [f"{chance.choice(list(ANSWERS))}-{number}@example.com" for number in range(PEOPLE)]
    for address in people:
        key = await world.person(address)
        if address.startswith("stood"):
            [(subscriber,)] = await world.rows("SELECT subscriber_id FROM endpoint WHERE id = :key", key=key)
            other = await world.person(f"other-{address}", subscriber=subscriber, phases=16)
            await world.run("UPDATE endpoint SET fallback_id = :other WHERE id = :key", other=other, key=key)
    said = await world.say("It broke.")
    await world.spread()
    way = world.way(provider=Provider(answer=answer))
    await world.deliver(way)
    await world.stand_in()
    await world.deliver(way)
    found = await world.rows("SELECT e.address, s.public_id FROM endpoint e JOIN subscriber s ON s.id = subscriber_id")
    counts: Counter[str] = Counter()
    for address, who in found:
        if address not in people:  # the status page, and those who stand in
            continue
        kind = address.split("-")[0]
        answered = await client.get(f"/v1/subscribers/{who}/why?incident={said.ref}")
        assert answered.status_code == 200, (address, answered.text)
        rows = [one["deliveries"][0] for one in answered.json()["endpoints"]]
        state, reason, begins = READ[kind]
        assert (rows[0]["state"], rows[0]["reason"]) == (state, reason), address
        assert rows[0]["why"].startswith(begins), rows[0]["why"]
        stood_in = [(row["state"], row["reason"], row["rule"]) for row in rows[1:]]
        assert stood_in == ([("accepted", None, "fallback")] if kind == "stood" else []), address
        counts[kind] += 1
    print(f"{counts.total()} people: {dict(counts)}")  # noqa: T201
    assert {kind: counts[kind] for kind in ANSWERS if counts[kind] < AT_LEAST} == {}
