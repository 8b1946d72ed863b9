"""The store in memory: claims, leases, records and receipts done plainly, around the real plan and table of moves.

It does one after the other what PostgreSQL does in SQL, so that thousands of orders of events are tried in seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count

from domain.pure_nouns import EVERYONE, INSIDE, LEASE, PATIENCE, RULES, Bucket, Entry, Person, Seen
from tocsin.domain import delivery
from tocsin.domain import plan as planning
from tocsin.domain.channel import Accepted, ReceiptKind, Result
from tocsin.domain.delivery import UNFINISHED, State
from tocsin.domain.errors import AddressDead
from tocsin.domain.incident import Phase, Standing
from tocsin.domain.outline import Planned
from tocsin.domain.rows import Row, Version
from tocsin.services.begun import Begun
from tocsin.services.outcome import unheard_of
from tocsin.store.claim import Lease, Leased


@dataclass
class PureStore:
    """`persons` are endpoints by number; a bucket is named by the audiences of those in it."""

    now: float = 1_800_000_000.0
    persons: dict[int, Person] = field(default_factory=dict[int, Person])
    versions: dict[int, Version] = field(default_factory=dict[int, Version])
    newest: dict[int, list[Version]] = field(default_factory=dict[int, list[Version]])
    promised: list[int] = field(default_factory=list[int])
    entries: dict[tuple[int, int], Entry] = field(default_factory=dict[tuple[int, int], Entry])
    buckets: dict[int, Bucket] = field(default_factory=lambda: {INSIDE: Bucket(), EVERYONE - INSIDE: Bucket()})
    attempts: dict[int, list[Planned]] = field(default_factory=dict[int, list[Planned]])
    events: set[str] = field(default_factory=set[str])
    paused: bool = False
    tokens: count[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        for number, audiences in enumerate((INSIDE, EVERYONE - INSIDE, EVERYONE - INSIDE)):
            self.persons[number] = Person(number, audiences)

    @property
    def audiences(self) -> dict[int, int]:
        return {person.id: person.audiences for person in self.persons.values()}

    def publish(self, incident: int, standing: Standing, audiences: int) -> None:
        before = self.newest.setdefault(incident, [])
        key = len(self.versions) + 1
        number, is_public = len(before) + 1, audiences == EVERYONE
        version = Version(
            key, f"u{key}", incident, number, standing, Phase.UPDATE, audiences, is_public=is_public, notify=True
        )
        self.versions[key] = version
        before.append(version)
        self.promised.append(key)

    def spread(self) -> None:
        while self.promised:
            self._fan_out(self.versions[self.promised.pop(0)])

    def _fan_out(self, version: Version) -> None:
        others = self.newest[version.incident_id]
        newer = 0
        for other in others[version.number :]:
            newer |= other.audiences
        for person in self._addressed(version):
            older = [self.entries.get((other.id, person.id)) for other in others[: version.number - 1]]
            waiting = [entry for entry in older if entry is not None and entry.state in UNFINISHED]
            since = min([self.now, *(entry.since for entry in waiting)])
            self._supersede(waiting)
            state = State.SUPPRESSED if person.state != "active" else State.PENDING
            if state is State.PENDING and person.audiences & newer:
                state = State.SUPERSEDED
            assert state in delivery.BORN
            is_due = state is State.PENDING
            self.entries[version.id, person.id] = Entry(
                version.id, person.id, state, since, self.now if is_due else None
            )
            bucket = self.buckets[person.audiences]
            if is_due:
                bucket.gen, bucket.live = bucket.gen + 1, bucket.live | dict.fromkeys([*bucket.live, version.id], 0.0)

    def _addressed(self, version: Version) -> list[Person]:
        return [person for person in self.persons.values() if person.audiences & version.audiences]

    def _supersede(self, waiting: Sequence[Entry]) -> None:
        for entry in waiting:
            unsure = entry.state is State.UNKNOWN
            entry.move(State.ACCEPTED if unsure else State.SUPERSEDED, "outcome_unknown" if unsure else "newer")

    def begin(self) -> Begun | None:
        """Lease one due bucket and put on record whom it tells what; None where nothing is told now."""
        due = [name for name, bucket in self.buckets.items() if bucket.due_at is not None and bucket.due_at <= self.now]
        if self.paused or not due:
            return None
        name, bucket = due[0], self.buckets[due[0]]
        if bucket.token is not None:
            self._label(self.attempts[bucket.token])
        rows = [self._row(self.entries[key]) for key in sorted(self.entries, key=lambda key: (key[1], key[0]))]
        rows = [row for row in rows if row.bucket_id == name and row.state in UNFINISHED]
        fanned_out = frozenset(self.versions) - frozenset(self.promised)
        decided = planning.plan(rows, self.versions, self.newest, fanned_out, self.now, RULES)
        for change in decided.changes:
            entry = self.entries[change.row.update_id, change.row.endpoint_id]
            entry.move(change.state, change.reason, change.due_at)
        lease = Lease(self.now, [Leased(name, bucket.gen, sorted(bucket.live))], [])
        if not decided.messages:
            bucket.token, bucket.lease_until, bucket.live = None, 0.0, dict(decided.waiting.get(name, {}))
            return None
        token = bucket.token = next(self.tokens)
        bucket.lease_until = self.now + LEASE
        self.attempts[token] = list(decided.messages)
        for row in [row for message in decided.messages for row in message.rows]:
            self.entries[row.update_id, row.endpoint_id].named = True
        return Begun(token, lease, decided)

    def _row(self, entry: Entry) -> Row:
        person = self.persons[entry.endpoint]
        return Row(
            person.id, entry.update, person.audiences, person.audiences - 1, entry.state, entry.reason, entry.since,
            entry.due_at or 0.0, entry.tries, entry.unknowns, entry.message, f"e{person.id}", person.state, "a@b.test",
            person.audiences, "Someone", "en", "UTC", None, None, None, person.rung_at, *person.pace, person.told,
            cleared=entry.cleared,
        )  # fmt: skip

    def _label(self, messages: Sequence[Planned]) -> None:
        for message in messages:
            person = self.persons[message.rows[0].endpoint_id]
            for row in message.rows:
                entry = self.entries[row.update_id, row.endpoint_id]
                person.told = sorted({*person.told, row.update_id})
                if entry.state in UNFINISHED:
                    entry.move(State.UNKNOWN, "outcome_unknown", self.now)
                    entry.unknowns, entry.tries, entry.message = entry.unknowns + 1, entry.tries + 1, message.message

    def holds(self, token: int) -> bool:
        return any(bucket.token == token for bucket in self.buckets.values())

    def _believes(self, token: int) -> bool:
        return self.holds(token)

    def answer(self, begun: Begun, results: Sequence[Result]) -> None:
        [leased] = begun.lease.buckets
        bucket, ours = self.buckets[leased.id], self._believes(begun.token)
        waiting = dict(begun.plan.waiting.get(leased.id, {}))
        for message, result in zip(begun.plan.messages, results, strict=True):
            person = self.persons[message.rows[0].endpoint_id]
            entries = [self.entries[row.update_id, row.endpoint_id] for row in message.rows]
            if isinstance(result, Accepted):
                for entry in entries:
                    if entry.state is State.ACCEPTED or State.ACCEPTED in delivery.MOVES[entry.state]:
                        entry.move(State.ACCEPTED, "outcome_unknown" if entry.unknowns else None)
                        entry.message, entry.tries = message.message, entry.tries + 1
                if ours:
                    person.pace, person.told, person.rung_at = message.pace, list(message.told), self.now
            elif ours:
                self._unheard(person, entries, message, result, waiting)
        if ours:
            again = dict.fromkeys(bucket.live, self.now) if bucket.gen != leased.gen else waiting
            bucket.token, bucket.lease_until, bucket.live = None, 0.0, again

    def _unheard(
        self, person: Person, entries: Sequence[Entry], message: Planned, result: Result, waiting: dict[int, float]
    ) -> None:
        assert not isinstance(result, Accepted)
        goes_on = unheard_of(message, result, self.now, PATIENCE, 0.0, 0.5, self.versions)
        for entry in entries:
            if goes_on.due_at is not None:
                waiting[entry.update] = goes_on.due_at
            if entry.state in UNFINISHED:
                entry.move(goes_on.state, goes_on.reason, goes_on.due_at)
                entry.message, entry.tries = message.message, entry.tries + goes_on.tried
                entry.cleared = entry.unknowns if goes_on.cleared else entry.cleared
                entry.unknowns += goes_on.doubtful
        if goes_on.told:
            person.pace, person.told, person.rung_at = message.pace, list(message.told), self.now
        if goes_on.state is State.FAILED:
            self._take_back(person, [entry.update for entry in entries])
        if isinstance(result, AddressDead) and person.state == "active":
            person.state = "quarantined"

    def _take_back(self, person: Person, updates: Sequence[int]) -> None:
        person.told = [key for key in person.told if key not in updates]

    def receive(self, endpoint: int, message: int, kind: ReceiptKind, event: str) -> None:
        if event in self.events:
            return
        self.events.add(event)
        person, to = self.persons[endpoint], State(kind.value)
        for update in {*person.told, message}:
            entry = self.entries.get((update, endpoint))
            if entry is None or message not in {update, entry.message} or entry.state not in delivery.before(to):
                continue
            if to is State.DELIVERED or entry.named or entry.state not in {State.PENDING, State.HELD}:
                entry.move(to, "bounced_later" if to is State.BOUNCED else entry.reason)
                entry.message = message
                if to is State.BOUNCED:
                    self._take_back(person, [update])

    def opt_out(self, endpoint: int) -> None:
        self.persons[endpoint].state = "opted_out"
        for entry in self.entries.values():
            if entry.endpoint == endpoint and entry.state in UNFINISHED:
                entry.move(State.SUPPRESSED, "opted_out")

    def cancel(self, incident: int) -> None:
        mine = {version.id for version in self.newest[incident]}
        if mine & set(self.promised):
            return
        for entry in self.entries.values():
            if entry.update in mine and entry.state in UNFINISHED:
                entry.move(State.CANCELLED, "cancelled")

    def retry(self, incident: int) -> None:
        for entry in self.entries.values():
            person, version = self.persons[entry.endpoint], self.versions[entry.update]
            newer = [one for one in self.newest[incident][version.number :] if one.audiences & person.audiences]
            bucket = self.buckets[person.audiences]
            if version.incident_id != incident or newer or person.state != "active" or bucket.token is not None:
                continue
            if entry.state in {State.FAILED, State.BOUNCED, State.EXPIRED}:
                entry.move(State.PENDING, None, self.now)
                entry.since, entry.tries, entry.cleared = self.now, 0, entry.unknowns
                entry.named = False
                self._take_back(person, [entry.update])
                bucket.gen, bucket.live = bucket.gen + 1, bucket.live | {entry.update: self.now}

    def pause(self, *, paused: bool) -> None:
        self.paused = paused

    def flush(self) -> None:
        """Lose every hint: nothing here ever looks at one."""

    def wait(self, seconds: float) -> None:
        self.now += seconds

    def seen(self) -> dict[tuple[int, int], Seen]:
        return {
            key: Seen(
                entry.state,
                entry.unknowns,
                entry.due_at is not None,
                entry.update in self.buckets[self.persons[entry.endpoint].audiences].live,
            )
            for key, entry in self.entries.items()
        }
