"""A storm: fifty incidents that change two thousand times in ten minutes, beside what a plain sender makes of it."""

from __future__ import annotations

import multiprocessing
import os
import random
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

from domain.judge_lives import judge
from domain.lives import START, timing
from domain.small_ledger import Answer, Endpoint, Ledger
from tocsin.domain.channel import ChannelName, OnUnknown
from tocsin.domain.flood import Lanes
from tocsin.domain.incident import Severity, Standing, Status
from tocsin.domain.outline import Rules
from tocsin.services.policy import load_policy

MINUTES = 10
INCIDENTS = 50
# So many subscribers are worth a process of their own.
SHARE = 500

Weather = Sequence[tuple[float, int, Standing]]


@dataclass(frozen=True)
class Heard:
    """When one endpoint was sent messages until all was at rest, and when a plain sender would have sent it some."""

    ours: list[float]
    plain: list[float]

    @property
    def while_it_raged(self) -> list[float]:
        return self.ours[: bisect_right(self.ours, START + MINUTES * 60)]


@dataclass
class Storm:
    """What it came to: of all incidents that endpoints were told are open, how many they were told are closed."""

    broken: set[str]
    heard: list[Heard]
    told_open: int
    told_closed: int

    @property
    def ours(self) -> int:
        return sum(len(one.ours) for one in self.heard)

    @property
    def plain(self) -> int:
        return sum(len(one.plain) for one in self.heard)

    @property
    def busiest(self) -> Heard:
        """Return who was sent most while it raged."""
        return max(self.heard, key=lambda one: (len(one.while_it_raged), len(one.plain)))

    def report(self) -> str:
        """Return the flood that was spared, as a table."""
        plain, ours = max(len(one.plain) for one in self.heard), len(self.busiest.while_it_raged)
        rows = [
            ("", "a plain sender", "Tocsin"),
            ("messages in all", f"{self.plain:,}", f"{self.ours:,}"),
            ("to the busiest in 10 min", f"{plain:,}", f"{ours:,}"),
            ("its lanes let through in 10 min", "no bound", f"{most(MINUTES * 60):,}"),
            ("told open, and then closed", "", f"{self.told_open:,} of {self.told_closed:,}"),
        ]
        return "\n".join(f"{name:38}{theirs:>18}{own:>18}" for name, theirs, own in rows)


def lanes() -> Lanes:
    return load_policy().lanes[ChannelName.EMAIL]


def most(seconds: float) -> int:
    """Return how many messages lanes let through in any span of so many seconds."""
    return sum(min(tier.burst + int(seconds // tier.interval) for tier in lane) for lane in lanes())


def storm(subscribers: int, updates: int, seed: int = 1) -> Storm:
    """Let it rage, and come to rest; each core has a share of the subscribers, for none knows of another."""
    weather = forecast(updates, random.Random(seed))
    shares = [range(first, min(first + SHARE, subscribers)) for first in range(0, subscribers, SHARE)]
    weathered = partial(_weathered, weather, seed)
    if len(shares) == 1:
        return _together(map(weathered, shares))
    cores = len(os.sched_getaffinity(0))
    with ProcessPoolExecutor(cores, mp_context=multiprocessing.get_context("spawn")) as processes:
        return _together(processes.map(weathered, shares))


def forecast(updates: int, chance: random.Random) -> Weather:
    """Return what happens and when, in order; at last all is over."""
    severity = {incident: Severity(chance.choice([1, 2, 3, 3])) for incident in range(INCIDENTS)}
    begun: set[int] = set()
    found: list[tuple[float, int, Standing]] = []
    for at in sorted(START + chance.random() * (MINUTES * 60 - INCIDENTS) for _ in range(updates - INCIDENTS)):
        incident = chance.randrange(INCIDENTS)
        status = chance.choice([Status.IDENTIFIED, Status.MONITORING, Status.RESOLVED])
        status = status if incident in begun else Status.INVESTIGATING
        found.append((at, incident, Standing(status, severity[incident])))
        begun.add(incident)
    ends = START + MINUTES * 60 - INCIDENTS
    over = [(ends + one, one, Standing(Status.RESOLVED, severity[one])) for one in range(INCIDENTS)]
    return [*found, *over]


def _weathered(weather: Weather, seed: int, numbers: Iterable[int]) -> Storm:
    """Lead some of the subscribers through it."""
    policy = load_policy()
    rules = Rules(lanes(), policy.waits, policy.urgent, merges=True, on_unknown=OnUnknown.RESEND_ONCE)
    ledger = Ledger(rules, _takes, tick=1.0)
    for place, number in enumerate(numbers):
        chance = random.Random(f"{seed}/{number}")
        one = Endpoint(place, timing(chance) if number % 5 == 0 else None)
        if number % 3:
            one.incidents = frozenset(chance.sample(range(INCIDENTS), chance.randint(1, 5)))
        ledger.endpoints.append(one)
    for at, incident, standing in weather:
        ledger.run(at)
        ledger.publish(incident, standing, at)
    ledger.run(START + 10 * 86_400)
    times: dict[int, list[float]] = {endpoint.id: [] for endpoint in ledger.endpoints}
    told: dict[tuple[int, int], list[bool]] = {}
    for sent in ledger.log:
        times[sent.endpoint].append(sent.at)
        for item in sent.told:
            told.setdefault((sent.endpoint, item.incident), []).append(item.is_open)
    opened = [states for states in told.values() if any(states)]
    heard = [
        Heard(times[endpoint.id], [at for at, incident, _ in weather if endpoint.hears(incident)])
        for endpoint in ledger.endpoints
    ]
    closed = sum(not states[-1] for states in opened)
    return Storm(judge(ledger, rules.lanes or lanes(), rules.waits, slack=1.5), heard, len(opened), closed)


def _together(shares: Iterable[Storm]) -> Storm:
    whole = Storm(set(), [], 0, 0)
    for one in shares:
        whole.broken |= one.broken
        whole.heard += one.heard
        whole.told_open += one.told_open
        whole.told_closed += one.told_closed
    return whole


def _takes(_endpoint: Endpoint, _again: bool) -> Answer:  # noqa: FBT001
    return Answer.TAKEN
