"""Random lives on PostgreSQL: the real store, fan-out and delivery, two workers at once, and a clock that is shifted.

Only the provider is scripted. What it was handed is held against the guarantees by the judge of `domain.judge_lives`.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from delivery.provider import Provider
from delivery.whole_events import ANSWERS, EMPTY, Stated, events
from delivery.world import World
from domain.judge_lives import judge
from domain.lives import START, ZONES, timing
from domain.small_ledger import Answer, Endpoint, Ledger, Sent, Told
from tocsin.domain.channel import ChannelName, Limits, Message, Result
from tocsin.domain.incident import Phase, Severity, Standing
from tocsin.domain.rows import Version
from tocsin.domain.story import Story
from tocsin.services.audiences import sync_audiences
from tocsin.services.way import rules_of
from tocsin.store import attention, opt_out
from tocsin.store.engine import begin

DAY = 86_400.0


@dataclass
class WholeLife:
    """One life under way. `ledger` is only what the judge looks at."""

    world: World
    chance: random.Random
    ledger: Ledger
    now: float
    trouble: float
    happened: Counter[str] = field(default_factory=Counter[str])
    incidents: dict[str, Stated] = field(default_factory=dict[str, Stated])
    since: dict[tuple[int, str], float] = field(default_factory=dict[tuple[int, str], float])
    urgent: dict[tuple[int, str], float] = field(default_factory=dict[tuple[int, str], float])
    heard: dict[tuple[int, str], int] = field(default_factory=dict[tuple[int, str], int])
    by_address: dict[str, Endpoint] = field(default_factory=dict[str, Endpoint])
    numbers: dict[int, int] = field(default_factory=dict[int, int])
    held: set[tuple[int, int, str]] = field(default_factory=set[tuple[int, int, str]])

    async def set_clock(self, at: float) -> None:
        self.now = at
        await self.world.pool.execute("UPDATE clock SET shift = to_timestamp($1::float8) - clock_timestamp()", at)

    async def people(self) -> None:
        """Add a few endpoints; the second one stands in for the first."""
        for number in range(self.chance.randint(2, 4)):
            address = f"p{number}@example.com"
            who = None
            if number == 1:
                [(who,)] = await self.world.rows("SELECT subscriber_id FROM endpoint WHERE address = 'p0@example.com'")
            key = await self.world.person(address, subscriber=who)
            one = Endpoint(number, timing(self.chance), self.chance.choice(ZONES))
            if number == 1:  # the same person, the same hours of the day
                one.zone = self.ledger.endpoints[0].zone
            await self.world.run(
                "UPDATE endpoint SET timing = CAST(:t AS jsonb) WHERE id = :key", t=one.timing, key=key
            )
            await self.world.run(
                "UPDATE subscriber s SET time_zone = :zone FROM endpoint e"
                " WHERE e.id = :key AND s.id = e.subscriber_id",
                zone=one.zone,
                key=key,
            )
            self.ledger.endpoints.append(one)
            self.by_address[address], self.numbers[number] = one, key
        if self.chance.random() < 0.6:  # the second one hears of nothing by itself
            self.ledger.endpoints[1].has_snoozed = True
            await self.world.run("UPDATE endpoint SET phases = 16 WHERE id = :key", key=self.numbers[1])
        self.ledger.endpoints[0].fallback = self.ledger.endpoints[1]
        self.ledger.endpoints[1].stands_in.append(self.ledger.endpoints[0])
        await self.world.run(
            "UPDATE endpoint SET fallback_id = :two WHERE id = :one", one=self.numbers[0], two=self.numbers[1]
        )

    def answer(self, message: Message) -> Result:
        """Be the provider: keep what was handed over, and answer."""
        endpoint = self.by_address[message.address]
        found = Answer.TAKEN
        if self.chance.random() < self.trouble and not message.again:
            weights = (4, 3, 8 if endpoint.fallback else 0)
            found = self.chance.choices([Answer.TRY_AGAIN, Answer.NO_ANSWER, Answer.DEAD], weights)[0]
            self.happened[found.value] += 1
        assert isinstance(message.rendered, Story)
        told: list[Told] = []
        for chapter in message.rendered.chapters:
            stated, place = self.incidents[chapter.incident], (endpoint.id, chapter.incident)
            newest = max(chapter.version, stated.spread)
            since = self.since.get(place, self.now)
            number = list(self.incidents).index(chapter.incident)
            told.append(Told(number, chapter.version, newest, chapter.status.is_open, since, self.urgent.get(place)))
            if found in {Answer.TAKEN, Answer.NO_ANSWER}:
                self.heard[place] = chapter.version
                if chapter.version == len(stated.standings):
                    self.since.pop(place, None)
                self.urgent.pop(place, None)
        self.ledger.log.append(Sent(self.now, endpoint.id, found, message.again, told))
        return ANSWERS[found]

    async def publish(self, name: int, standing: Standing) -> None:
        """Say something of an incident, and let it be fanned out while two workers are at work."""
        known = list(self.incidents)
        about = self.incidents[known[name]] if name < len(known) else None
        said = await self.world.say(
            "As it stands.",
            about=None if about is None else about.about,
            severity=standing.severity.label,
            status=None if about is None else standing.status.value,
            audiences=["customers"],
        )
        stated = self.incidents.setdefault(said.incident_id, Stated(said))
        stated.standings.append(standing)
        for endpoint in self.ledger.endpoints:
            self._owes(endpoint, said.incident_id, stated)
        await asyncio.gather(self.world.spread(), *self._workers())
        stated.spread = len(stated.standings)
        self.happened["updates"] += 1
        await asyncio.gather(*self._workers())

    def _owes(self, endpoint: Endpoint, incident: str, stated: Stated) -> None:
        place, standing = (endpoint.id, incident), stated.standings[-1]
        last = self.heard.get(place)
        before = None if last is None else stated.standings[last - 1]
        if standing.is_open or (before is not None and before.is_open):
            self.since.setdefault(place, self.now)
        else:  # it was over before they heard that it had begun: nothing is owed any more
            self.since.pop(place, None)
        if (
            standing.is_open
            and standing.severity <= Severity.SEV1
            and (before is None or not before.is_open or before.severity > Severity.SEV1)
        ):
            self.urgent.setdefault(place, self.now)
        else:
            self.urgent.pop(place, None)

    def _workers(self) -> list[Any]:
        return [self.world.deliver(way) for way in self.ways]

    def __post_init__(self) -> None:
        provider = Provider(answer=self.answer, limits=Limits(batch=500, in_flight=1, merges=True))
        self.ways = [self.world.way(provider=provider), self.world.way(provider=provider)]

    async def run(self, until: float) -> None:
        """Let time pass, and workers do what is due whenever it is."""
        for _ in range(500):
            found = await self.world.pool.fetchrow(
                "SELECT min(due_at) AS due, EXISTS (SELECT FROM fallback_debt) AS debts FROM bucket"
                " WHERE channel = 'email'"
            )
            assert found is not None
            due = found["due"]
            self.held |= set(
                await self.world.rows("SELECT endpoint_id, update_id, reason FROM delivery WHERE state = 'held'")
            )
            if found["debts"]:
                await self.world.stand_in()
                continue
            if due is None or due >= until:
                return
            await self.set_clock(max(self.now, due))
            await asyncio.gather(*self._workers())
        raise AssertionError("this never comes to rest")

    async def wish(self, what: str) -> None:
        endpoint = self.chance.choice(self.ledger.endpoints)
        key = self.numbers[endpoint.id]
        self.happened[what] += 1
        async with begin(self.world.engine) as connection:
            if what == "opt out":
                await opt_out.opt_out(connection, key)
                endpoint.stopped_at = self.now
                return
            for number in range(len(self.incidents)):
                endpoint.has_snoozed = True
                await attention.snooze(connection, [key], number + 1, self.chance.choice([None, self.now + 1800.0]))

    async def rest(self) -> None:
        """Wait until nothing is owed any more, and read what the judge wants to know."""
        await self.run(self.now + 20 * DAY)
        for number, stated in enumerate(self.incidents.values()):
            standing = stated.standings[-1]
            self.ledger.newest[number] = [
                Version(number, "", number, 1, standing, Phase.UPDATE, 0, is_public=True, notify=True)
            ]
        for number, key in self.numbers.items():
            [(state, u1, u2, open_rows)] = await self.world.rows(
                """
                SELECT e.state::text, p.u1, p.u2, (SELECT count(*) FROM delivery d WHERE d.endpoint_id = e.id
                  AND d.state IN ('pending', 'held', 'unknown')) FROM endpoint e JOIN pace p ON p.endpoint_id = e.id
                WHERE e.id = :key
                """,
                key=key,
            )
            endpoint = self.ledger.endpoints[number]
            endpoint.state, endpoint.pace = state, (0.0, 0.0, u1, u2)
            endpoint.rows = dict.fromkeys(range(open_rows))  # type: ignore[assignment]
        self.happened.update(reason for _, _, reason in self.held)
        for reason, n in await self.world.rows(
            "SELECT reason, count(*) FROM delivery WHERE reason IS NOT NULL GROUP BY 1"
        ):
            self.happened[reason] += n
        self.happened["messages"] += len(self.ledger.log)
        self.happened["merged"] += sum(len(one.told) > 1 for one in self.ledger.log)
        [(stood_in,)] = await self.world.rows("SELECT count(*) FROM delivery WHERE rule = 'fallback'")
        self.happened["stood in"] += stood_in


async def lead(world: World, seed: int) -> tuple[set[str], Counter[str]]:
    """Lead one life; return which guarantees did not hold, and how often what happened."""
    await world.tamper(EMPTY)
    world.audiences = await sync_audiences(world.engine, world.policy)
    chance = random.Random(seed)
    rules = rules_of(world.policy, world.audiences, Provider(name=ChannelName.EMAIL))
    ledger = Ledger(rules, _unasked)
    life = WholeLife(world, chance, ledger, START, chance.choice([0.0, 0.2]))
    await life.set_clock(START + chance.random() * 7 * DAY)
    await life.people()
    for at, what in sorted(events(chance, life.now), key=lambda event: event[0]):
        await life.run(at)
        await life.set_clock(at)
        if isinstance(what, str):
            await life.wish(what)
        else:
            await life.publish(*what)
    await life.rest()
    assert rules.lanes is not None
    return judge(ledger, rules.lanes, rules.waits, slack=3.0), life.happened


def _unasked(_endpoint: Endpoint, _again: bool) -> Answer:  # noqa: FBT001 - the provider is WholeLife.answer here
    raise AssertionError
