"""A storm: fifty incidents that change two thousand times in ten minutes, beside what a plain sender makes of it."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass

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


@dataclass
class Storm:
    """What it came to; `plain` counts what one message an update and endpoint would have been."""

    broken: set[str]
    lanes: Lanes
    ours: Counter[int]
    plain: Counter[int]
    told_open: int
    told_closed: int

    def report(self) -> str:
        """Return the flood that was spared, as a table."""
        most = sum(min(tier.burst + int(MINUTES * 60 // tier.interval) for tier in lane) for lane in self.lanes)
        rows = [
            ("", "a plain sender", "Tocsin"),
            ("messages in all", f"{self.plain.total():,}", f"{self.ours.total():,}"),
            ("to the busiest endpoint", f"{max(self.plain.values()):,}", f"{max(self.ours.values()):,}"),
            (f"its lanes let through in {MINUTES} min", "no bound", f"{most:,}"),
            ("told open, and then closed", "", f"{self.told_open:,} of {self.told_closed:,}"),
        ]
        return "\n".join(f"{name:38}{plain:>18}{ours:>18}" for name, plain, ours in rows)


def storm(subscribers: int, updates: int, seed: int = 1) -> Storm:
    """Let it rage, and come to rest."""
    chance = random.Random(seed)
    policy = load_policy()
    lanes = policy.lanes[ChannelName.EMAIL]
    rules = Rules(lanes, policy.waits, policy.urgent, merges=True, on_unknown=OnUnknown.RESEND_ONCE)
    ledger = Ledger(rules, _takes, tick=1.0)
    for number in range(subscribers):
        one = Endpoint(number, timing(chance) if number % 5 == 0 else None)
        if number % 3:
            one.incidents = frozenset(chance.sample(range(INCIDENTS), chance.randint(1, 5)))
        ledger.endpoints.append(one)
    plain: Counter[int] = Counter()
    severity = {incident: Severity(chance.choice([1, 2, 3, 3])) for incident in range(INCIDENTS)}
    begun: set[int] = set()
    for at in sorted(START + chance.random() * MINUTES * 60 for _ in range(updates - INCIDENTS)):
        incident = chance.randrange(INCIDENTS)
        status = chance.choice([Status.IDENTIFIED, Status.MONITORING, Status.RESOLVED])
        _say(
            ledger,
            plain,
            incident,
            Standing(status if incident in begun else Status.INVESTIGATING, severity[incident]),
            at,
        )
        begun.add(incident)
    for incident in range(INCIDENTS):
        _say(ledger, plain, incident, Standing(Status.RESOLVED, severity[incident]), START + MINUTES * 60 + incident)
    ledger.run(START + MINUTES * 60)
    ours = Counter(one.endpoint for one in ledger.log if one.at <= START + MINUTES * 60)
    ledger.run(START + 10 * 86_400)
    heard: dict[tuple[int, int], list[bool]] = {}
    for sent in ledger.log:
        for told in sent.told:
            heard.setdefault((sent.endpoint, told.incident), []).append(told.is_open)
    opened = {place: states for place, states in heard.items() if any(states)}
    closed = sum(not states[-1] for states in opened.values())
    return Storm(judge(ledger, lanes, rules.waits, slack=1.5), lanes, ours, plain, len(opened), closed)


def _takes(_endpoint: Endpoint, _again: bool) -> Answer:  # noqa: FBT001
    return Answer.TAKEN


def _say(ledger: Ledger, plain: Counter[int], incident: int, standing: Standing, at: float) -> None:
    ledger.run(at)
    ledger.publish(incident, standing, at)
    plain.update(endpoint.id for endpoint in ledger.endpoints if endpoint.hears(incident))
