"""`why` tells how deliveries wait and end, hours and days later, as a second reading of the rules has it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

import reading_of_ends as reading
from delivery.world import World, open_world
from reading_of_ends import Reader
from tocsin.domain.channel import Accepted, Message, Receipt, ReceiptKind, Result
from tocsin.domain.errors import TryAgain
from tocsin.domain.incident import Kind, Severity
from tocsin.domain.policy import Required
from tocsin.services.receive import receive

PEOPLE = 40
AT_LEAST = 5
HOUR = 3600.0
# Read once more: how the sentence about each begins, and what else it says.
WORDS = {
    "retries_exhausted": ("Not delivered: ", "as long as the news was worth it"),
    "bounced_later": ("practice took it at ", "it came back: it was accepted first and came back later"),
    "too_late": ("Not sent: ", "while it was still news"),
    "cancelled": ("Not sent: ", "an operator stopped it"),
    "channel_paused": ("Due since ", "when the channel is resumed; an operator paused this channel"),
    "paced": ("Held until ", "they heard from us often lately"),
    "already_told": ("Not sent: ", "they already know"),
    "quarantined": ("Not sent: ", "is in quarantine"),
    "components_not_chosen": ("Not sent: ", "none of the components they chose"),
    None: ("practice took it at ", ""),  # accepted
}
RULES = {
    "required": "everyone in their audience must hear of such an incident",
    "closure": "they were told that it began",
    "components": "they chose a component that is affected",
    "audience": "it is for an audience that they belong to",
}


@pytest.fixture
async def world(database_url: str, broker_url: str) -> AsyncIterator[World]:
    made = await open_world(database_url, broker_url)
    yield made
    await made.close()


class Story:
    """What happens, to the world and to the readers of the second reading alike."""

    def __init__(self, world: World, readers: list[Reader]) -> None:
        self.world, self.readers, self.now = world, readers, 0.0
        self.refs: dict[str, Any] = {}

    async def say(self, incident: str, severity: int, component: str, status: str | None = None) -> None:
        self.refs[incident] = await self.world.say(
            "As it stands.",
            about=self.refs.get(incident),
            severity=f"sev{severity}",
            status=status,
            audiences=["customers", "oncall"],
            components={component: "operational" if status == "resolved" else "major_outage"},
        )
        await self.world.spread()
        for reader in self.readers:
            reading.hear(reader, incident, severity, component, self.now, closes=status == "resolved")

    async def deliver(self, incident: str, after: float = 0.0) -> None:
        self.now += after
        await self.world.later(after)
        await self.world.deliver()
        for reader in self.readers:
            reading.deliver(reader, incident, self.now)

    async def pass_hours(self, hours: float) -> None:
        self.now += hours * HOUR
        await self.world.later(hours * HOUR)


async def test_why_agrees_about_how_deliveries_wait_and_end(client: httpx.AsyncClient, world: World) -> None:
    chance = random.Random(11)
    must = Required(frozenset({Severity.SEV1}), frozenset(Kind), ("oncall",))
    world.policy = replace(world.policy, required=(must,))
    for slug in ("checkout", "search"):
        await world.component(slug)
    readers = [somebody(chance, number) for number in range(PEOPLE)]
    for reader in readers:
        await world.person(reader.name, [reader.audience], components=[reader.component] if reader.component else [])
    story = Story(world, readers)

    for status in (None, "resolved"):
        await story.say("0", 2, "checkout", status)
        await story.deliver("0")
        await story.pass_hours(2)
    slow(world, chance, readers)
    await story.say("A", 1, "checkout", "resolved")
    await story.deliver("A")
    await story.deliver("A", 24 * HOUR + 1)
    await story.say("B", 3, "checkout")
    await story.deliver("B")
    await story.deliver("B", 7 * HOUR)

    world.email.answer = lambda _: Accepted("queued", 250)
    for reader in readers:
        reader.busy = False
    await story.say("C", 3, "search")
    await cancel_some(client, chance, story)
    await story.deliver("C", 60)
    await story.pass_hours(2)

    await story.say("D", 2, "checkout")
    await story.deliver("D")
    for status in ("resolved", "investigating", "resolved"):
        await story.pass_hours(1)
        await story.say("D", 2, "checkout", status)
        if status == "resolved":
            await story.deliver("D")
    await story.pass_hours(2)

    for reader in readers:
        reader.bounces = chance.random() < 0.3
    before = len(world.email.sent)
    await story.say("E", 1, "search")
    await story.deliver("E")
    await send_back(world, before, readers)
    await story.pass_hours(2)

    for incident, component in zip("FGHI", ("search", "checkout", "search", "search"), strict=True):
        await story.say(incident, 3, component)
        await story.deliver(incident, 60)
    assert (await client.post("/v1/channels/email/pause")).status_code == 200
    await story.say("J", 3, "checkout")
    await world.deliver()
    for reader in readers:
        reading.pause(reader, "J")
    await compare(client, story)


def somebody(chance: random.Random, number: int) -> Reader:
    audience = chance.choice(["customers", "customers", "oncall"])
    return Reader(f"r{number}@example.com", audience, chance.choice([None, None, "checkout", "search"]))


def slow(world: World, chance: random.Random, readers: list[Reader]) -> None:
    """Let some mailboxes ask to come back later, from now on."""
    for reader in readers:
        reader.busy = chance.random() < 0.4
    busy = {reader.name for reader in readers if reader.busy}

    def answer(message: Message) -> Result:
        return TryAgain("busy") if message.address in busy else Accepted("queued", 250)

    world.email.answer = answer


async def names_of(world: World) -> dict[str, str]:
    """Return the name that the API has for whoever an address belongs to."""
    return dict(
        await world.rows("SELECT e.address, s.public_id FROM endpoint e JOIN subscriber s ON s.id = subscriber_id")
    )


async def cancel_some(client: httpx.AsyncClient, chance: random.Random, story: Story) -> None:
    """Let an operator stop some of what is still owed of the last incident."""
    names = await names_of(story.world)
    for reader in story.readers:
        if "C" in reader.owed and chance.random() < 0.4:
            answer = await client.get(f"/v1/subscribers/{names[reader.name]}/why?incident={story.refs['C'].ref}")
            [endpoint] = answer.json()["endpoints"]
            stopped = await client.post(f"/v1/deliveries/{endpoint['deliveries'][0]['id']}/cancel")
            assert stopped.json() == {"cancelled": 1, "in_flight": 0}
            reading.cancel(reader, "C")


async def send_back(world: World, since: int, readers: list[Reader]) -> None:
    """Let receipts come of what bounces, of the messages sent since then."""
    bouncing = {reader.name for reader in readers if reader.bounces}
    receipts = [
        Receipt(message.delivery, ReceiptKind.BOUNCED, "5.1.1", "as told")
        for message in world.email.sent[since:]
        if message.address in bouncing
    ]
    assert await receive(world.engine, "s", "practice", receipts) == len(receipts)


async def compare(client: httpx.AsyncClient, story: Story) -> None:
    """Ask `why` of everybody and every incident."""
    names = await names_of(story.world)
    wrong: list[str] = []
    counts: Counter[str | None] = Counter()
    for reader in story.readers:
        for incident, expected in reader.verdicts.items():
            answer = await client.get(f"/v1/subscribers/{names[reader.name]}/why?incident={story.refs[incident].ref}")
            [endpoint] = answer.json()["endpoints"]
            row = endpoint["deliveries"][0]
            found = (row["state"], row["reason"], row["rule"])
            begins, says = WORDS.get(expected[1], ("?", "?"))
            meant = "" if expected[2] is None else f" Meant for them: {RULES[expected[2]]}."
            if found != expected or not (row["why"].startswith(begins) and says in row["why"]):
                wrong.append(f"{incident}: {found}, {row['why']!r} where {expected} was expected, of {reader.name}")
            elif not row["why"].endswith(meant) or ("Meant for them" in row["why"]) != bool(meant):
                wrong.append(f"{incident}: {row['why']!r} should end in {meant!r}")
            counts.update({expected[1], expected[2]} - {None})
    print(f"{sum(len(reader.verdicts) for reader in story.readers)} pairs: {dict(counts)}")  # noqa: T201
    assert wrong == []
    assert {name: counts[name] for name in {*WORDS, *RULES} - {None} if counts[name] < AT_LEAST} == {}
