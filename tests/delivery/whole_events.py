"""What happens in a life on PostgreSQL: incidents one after the other, and wishes of those who hear of them."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from domain.small_ledger import Answer
from tocsin.domain.channel import Accepted, Result
from tocsin.domain.errors import AddressDead, Ambiguous, TryAgain
from tocsin.domain.incident import Severity, Standing, Status
from tocsin.services.publish import Published

ANSWERS: dict[Answer, Result] = {
    Answer.TAKEN: Accepted("queued", 250),
    Answer.TRY_AGAIN: TryAgain("later"),
    Answer.NO_ANSWER: Ambiguous("no answer"),
    Answer.DEAD: AddressDead("nobody"),
}
EMPTY = """
    TRUNCATE subscriber, bucket, incident, incident_update, outbox, delivery, attempt, receipt, mute
    RESTART IDENTITY CASCADE
"""


@dataclass
class Stated:
    """One incident as it was published: how each version stands, and which one everybody has a row of."""

    about: Published
    standings: list[Standing] = field(default_factory=list[Standing])
    spread: int = 0


def events(chance: random.Random, begin: float) -> list[tuple[float, str | tuple[int, Standing]]]:
    """Return what happens: incidents begin one after the other, get worse, end, begin again, and end."""
    events: list[tuple[float, str | tuple[int, Standing]]] = []
    hours, begins = chance.choice([1800.0, 4 * 3600.0]), begin
    for incident in range(chance.choice([1, 2, 3])):
        at, severity = begins, chance.choice([3, 2, 1])
        events.append((at, (incident, Standing(Status.INVESTIGATING, Severity(severity)))))
        status = Status.INVESTIGATING
        for _ in range(chance.choice([1, 3, 5])):
            at += chance.expovariate(1 / chance.choice([10.0, 120.0, 900.0]))
            if chance.random() < 0.3:
                severity = max(1, severity - 1)
            if status is Status.RESOLVED:
                status = Status.INVESTIGATING
            else:
                status = chance.choice([Status.IDENTIFIED, Status.MONITORING, Status.RESOLVED])
            events.append((at, (incident, Standing(status, Severity(severity)))))
        if status is not Status.RESOLVED:
            events.append((at + chance.random() * 600, (incident, Standing(Status.RESOLVED, Severity(severity)))))
        begins += chance.random() * hours
    for wish, likely in (("opt out", 0.4), ("snooze", 0.4)):
        if chance.random() < likely:
            events.append((begin + chance.random() * hours, wish))
    return events
