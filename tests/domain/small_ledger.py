"""The ledger, its fan-out and its workers in memory, around the real plan: what the store does in SQL, done plainly.

So thousands of lives can be led in a minute. That the store does the same is checked on PostgreSQL, by the same judge.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum

from tocsin.domain import plan as planning
from tocsin.domain.delivery import Reason, State
from tocsin.domain.incident import Phase, Standing
from tocsin.domain.outline import Plan, Planned, Rules
from tocsin.domain.patience import Patience
from tocsin.domain.rows import Row, Version

PATIENCE = Patience(first=10.0, longest=300.0, total=86_400.0)
CUSTOMERS = 4


class Answer(Enum):
    TAKEN = "taken"
    TRY_AGAIN = "try again"
    DEAD = "dead"
    NO_ANSWER = "no answer"


@dataclass
class Told:
    """What a message says of one incident: `newest` is the version that there was when it went out."""

    incident: int
    version: int
    newest: int
    is_open: bool
    since: float
    urgent_since: float | None


@dataclass
class Sent:
    """One message that the provider was handed; `again`: the same one once more."""

    at: float
    endpoint: int
    answer: Answer
    again: bool
    told: list[Told]


@dataclass
class Endpoint:
    id: int
    timing: str | None = None
    zone: str = "UTC"
    state: str = "active"
    fallback: Endpoint | None = None
    snoozed: dict[str, float | None] = field(default_factory=dict[str, "float | None"])
    incidents: frozenset[int] | None = None
    pace: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    rung_at: float = 0.0
    told: list[int] = field(default_factory=list[int])
    rows: dict[int, Row] = field(default_factory=dict[int, Row])
    stopped_at: float | None = None
    has_snoozed: bool = False
    stands_in: list[Endpoint] = field(default_factory=list["Endpoint"])

    def hears(self, incident: int) -> bool:
        if self.incidents is None or incident in self.incidents:
            return True
        return any(one.incidents is None or incident in one.incidents for one in self.stands_in)

    def as_now(self, row: Row) -> Row:
        """Return a row as a worker reads it now."""
        snoozed = self.snoozed or None
        if (row.endpoint_state, row.snoozed, row.rung_at) == (self.state, snoozed, self.rung_at) and (
            row.told is self.told
        ):
            return row
        n1, n2, u1, u2 = self.pace
        return row._replace(
            endpoint_state=self.state, snoozed=snoozed, rung_at=self.rung_at, n1=n1, n2=n2, u1=u1, u2=u2, told=self.told
        )


@dataclass
class Ledger:
    """`answer` is the provider; `plan` the rule, so that mutants of it can be tried."""

    rules: Rules
    answer: Callable[[Endpoint, bool], Answer]
    plan: Callable[..., Plan] = planning.plan
    workers: int = 1
    tick: float = 0.0  # workers look so often; 0: at once
    endpoints: list[Endpoint] = field(default_factory=list[Endpoint])
    versions: dict[int, Version] = field(default_factory=dict[int, Version])
    newest: dict[int, list[Version]] = field(default_factory=dict[int, list[Version]])
    urgent_since: dict[tuple[int, int], float] = field(default_factory=dict[tuple[int, int], float])
    log: list[Sent] = field(default_factory=list[Sent])
    reasons: dict[str, int] = field(default_factory=dict[str, int])
    _wakes: list[tuple[float, int]] = field(default_factory=list[tuple[float, int]])
    _pending: set[tuple[float, int]] = field(default_factory=set[tuple[float, int]])

    def publish(self, incident: int, standing: Standing, now: float) -> None:
        """Say something of an incident and write its rows, as the fan-out does."""
        number, key = len(self.newest.setdefault(incident, [])) + 1, len(self.versions) + 1
        version = Version(
            key, f"u{key}", incident, number, standing, Phase.UPDATE, 1 << CUSTOMERS, is_public=True, notify=True
        )
        self.versions[key] = version
        self.newest[incident].append(version)
        for endpoint in self.endpoints:
            if endpoint.state != "active" or not (endpoint.hears(incident) or self._knows(endpoint, incident)):
                continue
            since = now
            for old in [key for key in endpoint.rows if self.versions[key].incident_id == incident]:
                since = min(since, endpoint.rows.pop(old).since)
            self._owe(endpoint, key, since, now)

    def _knows(self, endpoint: Endpoint, incident: int) -> bool:
        return any(self.versions[key].incident_id == incident for key in endpoint.told)

    def _owe(self, endpoint: Endpoint, update: int, since: float, now: float) -> None:
        self._note_urgency(endpoint, self.versions[update], now)
        endpoint.rows[update] = Row(
            endpoint.id, update, 0, CUSTOMERS, "pending", None, since, now, 0, 0, None, f"e{endpoint.id}", "active",
            "someone@example.com", 1 << CUSTOMERS, "Someone", "en", endpoint.zone, endpoint.timing, None, None, 0.0,
            *endpoint.pace, endpoint.told,
        )  # fmt: skip
        self._wake(endpoint, now)

    def _wake(self, endpoint: Endpoint, at: float) -> None:
        """Have a worker look at an endpoint when it is due."""
        wake = (-(-at // self.tick) * self.tick if self.tick else at, endpoint.id)
        if wake not in self._pending:
            self._pending.add(wake)
            heapq.heappush(self._wakes, wake)

    def _note_urgency(self, endpoint: Endpoint, version: Version, now: float) -> None:
        place = (endpoint.id, version.incident_id)
        before = self._told_standing(endpoint, version.incident_id)
        grave = version.standing.is_open and version.standing.severity <= self.rules.urgent
        if grave and (before is None or not before.is_open or before.severity > self.rules.urgent):
            self.urgent_since.setdefault(place, now)
        else:
            self.urgent_since.pop(place, None)

    def _told_standing(self, endpoint: Endpoint, incident: int) -> Standing | None:
        about = [key for key in endpoint.told if self.versions[key].incident_id == incident]
        return self.versions[max(about)].standing if about else None

    def run(self, until: float) -> None:
        """Let workers do what is due until a time."""
        while self._wakes and self._wakes[0][0] < until:
            now, number = wake = heapq.heappop(self._wakes)
            self._pending.discard(wake)
            self._work(self.endpoints[number], now)

    def _work(self, endpoint: Endpoint, now: float) -> None:
        if not endpoint.rows:
            return
        rows = [endpoint.as_now(endpoint.rows[key]) for key in sorted(endpoint.rows)]
        for _ in range(self.workers):  # more than one: the lock is lost, and each acts on what it has read
            decided = self.plan(rows, self.versions, self.newest, frozenset(self.versions), now, self.rules)
            self._apply(endpoint, decided, now)

    def _apply(self, endpoint: Endpoint, decided: Plan, now: float) -> None:
        gone: list[Row] = []
        for change in decided.changes:
            self.reasons[change.reason] = self.reasons.get(change.reason, 0) + 1
            if change.due_at is None:
                endpoint.rows.pop(change.row.update_id, None)
                gone += [change.row] * (change.reason is Reason.QUARANTINED)
            elif change.row.update_id in endpoint.rows:
                endpoint.rows[change.row.update_id] = change.row._replace(
                    state=change.state, reason=change.reason, due_at=change.due_at
                )
        for message in decided.messages:
            self._send(endpoint, message, now)
        self._stand_in(endpoint, gone, now)
        for updates in decided.waiting.values():
            for at in set(updates.values()):
                self._wake(endpoint, at)

    def _send(self, endpoint: Endpoint, message: Planned, now: float) -> None:
        again = message.rows[0].state == State.UNKNOWN
        answer = self.answer(endpoint, again)
        self.log.append(Sent(now, endpoint.id, answer, again, [self._told(endpoint, row) for row in message.rows]))
        if answer in {Answer.TAKEN, Answer.NO_ANSWER}:
            pace = message.pace
            endpoint.pace, endpoint.told, endpoint.rung_at = (pace.n1, pace.n2, pace.u1, pace.u2), message.told, now
            for row in message.rows:
                self.urgent_since.pop((endpoint.id, self.versions[row.update_id].incident_id), None)
        for row in message.rows:
            match answer:
                case Answer.TAKEN:
                    endpoint.rows.pop(row.update_id, None)
                case Answer.NO_ANSWER:
                    self._later(endpoint, row, now + 30.0, State.UNKNOWN, Reason.OUTCOME_UNKNOWN)
                case Answer.TRY_AGAIN:
                    due = now + PATIENCE.wait(row.tries + 1, 0.5)
                    self._later(endpoint, row, due, State.HELD, Reason.RETRYING)
                case Answer.DEAD:
                    endpoint.rows.pop(row.update_id, None)
        if answer is Answer.DEAD:
            endpoint.state = "quarantined"
            failed = {row.update_id for row in message.rows}
            endpoint.told = [key for key in endpoint.told if key not in failed]
            self._stand_in(endpoint, message.rows, now)
            self._wake(endpoint, now)

    def _later(self, endpoint: Endpoint, row: Row, due: float, state: State, reason: Reason) -> None:
        endpoint.rows[row.update_id] = row._replace(
            state=state,
            reason=reason,
            due_at=due,
            tries=row.tries + 1,
            unknowns=row.unknowns + (state == State.UNKNOWN),
        )
        self._wake(endpoint, due)

    def _stand_in(self, endpoint: Endpoint, rows: Sequence[Row], now: float) -> None:
        other = endpoint.fallback
        if endpoint.state != "quarantined" or other is None or other.state != "active":
            return
        if endpoint not in other.stands_in:
            other.stands_in.append(endpoint)
        known = {self.versions[key].incident_id for key in other.told if self.versions[key].standing.is_open}
        handed = [key for key in endpoint.told if self.versions[key].incident_id not in known]
        other.told = sorted({*other.told, *handed})
        endpoint.told = []
        for row in rows:
            newest = self.newest[self.versions[row.update_id].incident_id][-1].id == row.update_id
            if newest and row.update_id not in {*other.rows, *other.told}:  # else it has a row of its own
                self._owe(other, row.update_id, row.since, now)

    def _told(self, endpoint: Endpoint, row: Row) -> Told:
        version = self.versions[row.update_id]
        last = self.newest[version.incident_id][-1]
        urgent = self.urgent_since.get((endpoint.id, version.incident_id))
        return Told(version.incident_id, version.number, last.number, version.standing.is_open, row.since, urgent)
