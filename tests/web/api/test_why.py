"""`why` says of two hundred people and incidents what a second reading of the rules says."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from delivery.world import World, open_world
from second_reading import HEAD_START, News, Person, hear, later
from tocsin.domain.channel import ChannelName
from tocsin.services.sweep import keep_house
from tocsin.store import attention
from tocsin.store.engine import begin

PEOPLE = 320
PAIRS = 200
AT_LEAST = 5
HOUR = 3600.0
EVERYBODY = frozenset({"customers", "leadership", "staff"})
REASONS = {
    "components_not_chosen", "below_least_severity", "phase_not_chosen", "not_followed", "snoozed", "policy",
    "already_over", "unconfirmed", "paused", "quarantined", "opted_out", "muted", "head_start", "cadence", "merging",
    "quiet_hours", "digest", None,
}  # fmt: skip
_PHASES = {"opened": 1, "escalated": 2, "update": 4, "resolved": 8, "maintenance": 16, "postmortem": 32}


async def test_what_keeps_an_address_from_taking_anything_is_said_and_shown(
    client: httpx.AsyncClient, world: World
) -> None:
    hook = await world.person("https://hooks.example.com/", channel=ChannelName.WEBHOOK)
    [(who,)] = await world.rows("SELECT s.public_id FROM subscriber s JOIN endpoint e ON e.subscriber_id = s.id"
                                " WHERE e.id = :hook", hook=hook)  # fmt: skip
    said = await world.tell("It is down.", severity="sev1")
    await world.run("INSERT INTO trouble VALUES (:hook, 1800000000, 1800007200, 7, 'Answered 500.', 1, 1800003600)",
                    hook=hook)  # fmt: skip

    async def endpoint(path: str) -> dict[str, Any]:
        found: dict[str, Any] = (await client.get(path)).json()["endpoints"][0]
        return found

    why = (await endpoint(f"/v1/subscribers/{who}/why?incident={said.ref}"))["why"]
    assert "in trouble: 7 failures since 2027-01-15T08:00:00Z and nothing taken. The last one: Answered 500." in why
    assert why.endswith("Its owner was told at 2027-01-15T09:00:00Z.")
    assert (await endpoint(f"/v1/subscribers/{who}"))["trouble"] == {
        "since": "2027-01-15T08:00:00Z", "last": "2027-01-15T10:00:00Z", "failures": 7, "note": "Answered 500.",
        "told_at": "2027-01-15T09:00:00Z",
    }  # fmt: skip
    await world.later(60 * 24 * HOUR)
    await keep_house(world.pool, disable_after_hours=1)
    why = (await endpoint(f"/v1/subscribers/{who}/why?incident={said.ref}"))["why"]
    assert "The address is in quarantine: Disabled at 2027-01-15T10:00:00Z. 7 failures since" in why
    assert (await endpoint(f"/v1/subscribers/{who}"))["trouble"] is None


@pytest.fixture
async def world(database_url: str, broker_url: str) -> AsyncIterator[World]:
    made = await open_world(database_url, broker_url)
    yield made
    await made.close()


def somebody(chance: random.Random, number: int) -> Person:
    likely = chance.random
    states = ("unconfirmed", "paused", "quarantined", "opted_out")
    return Person(
        name=f"p{number}@example.com",
        audience=chance.choice(["customers", "customers", "leadership", "staff"]),
        state=chance.choice(states) if likely() < 0.12 else "active",
        components=frozenset(chance.sample(["checkout", "search", "mail"], 2)) if likely() < 0.3 else None,
        least=chance.choice([1, 2, 3]) if likely() < 0.25 else None,
        phases=frozenset(chance.choice([("opened", "resolved"), ("maintenance",)])) if likely() < 0.2 else None,
        digest=likely() < 0.15,
        quiet=likely() < 0.2,
        sev1_breaks_quiet=likely() < 0.5,
        snoozes=likely() < 0.15,
        follows=likely() < 0.1,
    )


async def write(world: World, person: Person) -> int:
    key = await world.person(
        person.name,
        [person.audience],
        state=person.state,
        least=None if person.least is None else f"sev{person.least}",
        components=sorted(person.components or ()),
        phases=None if person.phases is None else sum(_PHASES[name] for name in person.phases),
    )
    days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    timing = {
        "mode": "daily" if person.digest else None,
        "digest_at": "23:30" if person.digest else None,
        "quiet_hours": [{"days": days, "from": "11:00", "to": "23:00"}] if person.quiet else None,
        "sev1_breaks_quiet": person.sev1_breaks_quiet,
    }
    if person.digest or person.quiet:
        await world.run("UPDATE endpoint SET timing = CAST(:t AS jsonb) WHERE id = :key", t=json.dumps(timing), key=key)
    return key


async def test_why_agrees_with_a_second_reading_of_the_rules(client: httpx.AsyncClient, world: World) -> None:
    chance = random.Random(7)
    world.policy = replace(world.policy, behind={"staff": HEAD_START})
    for slug in ("checkout", "search", "mail"):
        await world.component(slug)
    people = [somebody(chance, number) for number in range(PEOPLE)]
    keys = {person.name: await write(world, person) for person in people}
    await world.run(
        "UPDATE clock SET shift = date_trunc('day', clock_timestamp() AT TIME ZONE 'UTC') + interval '60 hours'"
        " - (clock_timestamp() AT TIME ZONE 'UTC')"
    )
    refs: dict[str, Any] = {}

    async def say(news: News) -> None:
        refs[news.incident] = await world.tell(
            "As it stands.",
            about=refs.get(news.incident),
            severity=f"sev{news.severity}",
            status={"opened": None, "update": "identified", "resolved": "resolved"}[news.phase],
            audiences=sorted(news.audiences),
            components={news.component: "partial_outage"},
        )
        for person in people:
            hear(person, news)

    async def pass_hours(at: float) -> None:
        await world.later(2 * HOUR)
        await world.deliver()
        for person in people:
            later(person, at)

    await say(News("A", 3, "checkout", EVERYBODY, 0))
    await pass_hours(2 * HOUR)
    async with begin(world.engine) as connection:
        await attention.snooze(connection, [keys[one.name] for one in people if one.snoozes], 1, None)
        await attention.follow(connection, [keys[one.name] for one in people if one.follows], 1, only=True)
    await say(News("A", 3, "checkout", EVERYBODY, 2 * HOUR, "update", 2, wishes=True))
    await pass_hours(4 * HOUR)
    await world.run(
        "INSERT INTO mute (public_id, component_id, reason, until, created_by)"
        " SELECT 'm', id, 'A drill.', tocsin_epoch() + 3600, 'test' FROM component WHERE slug = 'mail'"
    )
    await say(News("B", 2, "mail", EVERYBODY, 4 * HOUR, muted=True, wishes=True))
    await pass_hours(6 * HOUR)
    await say(News("C", 3, "checkout", frozenset({"customers"}), 6 * HOUR, wishes=True))
    await say(News("C", 3, "checkout", frozenset({"customers"}), 6 * HOUR, "resolved", 2, wishes=True))
    await pass_hours(8 * HOUR)
    await say(News("D", 1, "search", EVERYBODY - {"leadership"}, 8 * HOUR, wishes=True))
    await say(News("E", 3, "checkout", EVERYBODY - {"leadership"}, 8 * HOUR, wishes=True))

    chosen = choose(chance, people)
    names = dict(
        await world.rows("SELECT e.address, s.public_id FROM endpoint e JOIN subscriber s ON s.id = subscriber_id")
    )
    wrong: list[str] = []
    for person, incident in chosen:
        answer = await client.get(f"/v1/subscribers/{names[person.name]}/why?incident={refs[incident].ref}")
        [endpoint] = answer.json()["endpoints"]
        rows = endpoint["deliveries"]
        found = (rows[0]["state"], rows[0]["reason"]) if rows else None
        expected = person.verdicts.get(incident)
        if found != expected or not (in_words(rows[0]) if rows else "No update" in endpoint["why"]):
            wrong.append(f"{incident}: {found} where {expected} was expected, of {person}")
    counts = Counter(verdict[1] for person, incident in chosen if (verdict := person.verdicts.get(incident)))
    print(f"{len(chosen)} pairs: {dict(counts)}")  # noqa: T201
    assert wrong == []
    assert {reason: counts[reason] for reason in REASONS if counts[reason] < AT_LEAST} == {}


def choose(chance: random.Random, people: list[Person]) -> list[tuple[Person, str]]:
    """Return 200 random pairs, at least five for each reason there is."""
    pairs = [(person, incident) for person in people for incident in "ABCDE"]
    chance.shuffle(pairs)
    by_reason: dict[Any, list[tuple[Person, str]]] = {}
    for person, incident in pairs:
        verdict = person.verdicts.get(incident)
        by_reason.setdefault(verdict and verdict[1], []).append((person, incident))
    first = [pair for some in by_reason.values() for pair in some[: AT_LEAST + 1]]
    return [*first, *(pair for pair in pairs if pair not in first)][:PAIRS]


def in_words(row: dict[str, Any]) -> bool:
    """Tell whether a row says in words what became of it, and by which rule it is sent where it is."""
    said, meant = row["why"], "Meant for them: " in row["why"]
    begins = {"held": "Held until ", "accepted": "practice took it at "}.get(row["state"], "Not sent: ")
    ends = row["rule"] is not None if meant else row["rule"] is None
    return said.startswith(begins) and ends and meant == (row["state"] in {"held", "accepted"})
