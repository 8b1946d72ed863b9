"""The judge of a machine's life: what was said, handed over and heard, and which moves each cause may make.

I1 to I11 are the promises of the ledger, one by one: each assertion names the one that it holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from domain.machine_nouns import Copy, Out, Place, Said
from domain.pure_nouns import Seen
from tocsin.domain.channel import ReceiptKind
from tocsin.domain.delivery import UNFINISHED, State
from tocsin.domain.incident import Standing
from tocsin.domain.outline import Planned
from tocsin.services.begun import Begun

S = State
_WAITING = {S.PENDING, S.HELD, S.UNKNOWN}
_HEARD = {S.ACCEPTED, S.DELIVERED, S.BOUNCED}
# Which cause may move a row from where to where: written down apart from the table of moves.
CAUSES: Mapping[str, Sequence[tuple[set[State], set[State]]]] = {
    "fan out": [({S.PENDING, S.HELD}, {S.SUPERSEDED}), ({S.UNKNOWN}, {S.ACCEPTED})],
    "claim": [
        (_WAITING, {S.UNKNOWN, S.SUPPRESSED, S.SUPERSEDED}),
        ({S.PENDING, S.HELD}, {S.HELD, S.SKIPPED, S.EXPIRED}),
        (_WAITING, {S.ACCEPTED}),  # nobody knows for the second time
    ],
    "answer": [(_WAITING, {S.HELD, S.FAILED, S.UNKNOWN}), (set(S) - _HEARD, {S.ACCEPTED})],
    "receipt": [(set(S) - {S.DELIVERED, S.BOUNCED}, {S.DELIVERED}), (set(S), {S.BOUNCED})],
    "unsubscribe": [(_WAITING, {S.SUPPRESSED})],
    "cancel": [(_WAITING, {S.CANCELLED})],
    "retry": [({S.FAILED, S.BOUNCED, S.EXPIRED}, {S.PENDING})],
}


@dataclass
class Judge:
    audiences: Mapping[int, int]
    said: dict[int, list[Said]] = field(default_factory=dict[int, list[Said]])
    unspread: set[int] = field(default_factory=set[int])
    log: list[Copy] = field(default_factory=list[Copy])
    rows: dict[Place, Seen] = field(default_factory=dict[Place, Seen])
    gone: set[int] = field(default_factory=set[int])
    rounds: dict[Place, int] = field(default_factory=dict[Place, int])  # how often an operator tried it again
    named: dict[tuple[int, int], set[Place]] = field(default_factory=dict[tuple[int, int], set[Place]])
    begun: dict[Place, set[int]] = field(default_factory=dict[Place, set[int]])  # in which of those it was attempted
    cleared: dict[Place, int] = field(default_factory=dict[Place, int])  # how many of its labels are no doubts any more
    labels: dict[Place, int] = field(default_factory=dict[Place, int])  # how many it bore when it was tried again
    broken: bool = False

    def publish(self, incident: int, standing: Standing, audiences: int) -> None:
        update = 1 + sum(map(len, self.said.values()))
        self.said.setdefault(incident, []).append(Said(update, standing, audiences))
        self.unspread.add(update)

    def places_of(self, incident: int) -> list[Place]:
        mine = {said.update for said in self.said[incident]}
        return [place for place in self.rows if place[0] in mine]

    def _must(self, is_so: object, what: str) -> None:
        if not is_so:
            self.broken = True
            raise AssertionError(what)

    def look(self, cause: str, rows: Mapping[Place, Seen], touched: Iterable[Place] | None) -> None:
        """See what a cause has changed: only what it touched, and as it may."""
        may = None if touched is None else set(touched)
        for place, before in self.rows.items():
            self._must(place in rows, f"I11 the row {place} is gone after {cause}")
            after = rows[place]
            if before.state is after.state and before.unknowns == after.unknowns:
                continue
            self._must(may is None or place in may, f"I5 {cause} changed {place}, of which it had no right to speak")
            legal = before.state is after.state or any(
                before.state in left and after.state in right for left, right in CAUSES.get(cause, [])
            )
            doubts = after.unknowns - self.cleared.get(place, 0)
            self._must(after.unknowns >= before.unknowns, f"D2 {cause} took a label from {place}")
            legal &= cause != "claim" or after.state is not State.ACCEPTED or doubts > 1
            self._must(legal, f"I6 {cause} made {before.state} {after.state}")
        self._must(cause == "fan out" or len(rows) == len(self.rows), f"I11 {cause} wrote rows")
        self.rows = dict(rows)

    def labelled(self, before: Mapping[Place, Seen], in_hand: Iterable[Planned]) -> None:
        """A claim labels nothing that a worker still has in its hands."""
        theirs = {(row.update_id, row.endpoint_id) for message in in_hand for row in message.rows}
        for place in theirs & set(before):
            self._must(before[place].unknowns == self.rows[place].unknowns, f"I5 {place} is labelled in mid-flight")

    def claimed(self, begun: Begun) -> None:
        for message in begun.plan.messages:
            endpoint = message.rows[0].endpoint_id
            places = {(row.update_id, endpoint) for row in message.rows}
            self.named[endpoint, message.message] = self.named.get((endpoint, message.message), set()) | places
            self._must(endpoint not in self.gone, "I7 an attempt began after its endpoint had unsubscribed")
            for row in message.rows:
                place = row.update_id, endpoint
                self.begun.setdefault(place, set()).add(self.rounds.get(place, 0))
                accepted = [copy for copy in self._copies(place) if copy.fate == "accepted"]
                self._must(not accepted, f"D2 {place} is told once more, and was accepted")

    def hand_over(self, out: Out) -> None:
        for message in out.begun.plan.messages:
            endpoint, updates = message.rows[0].endpoint_id, tuple(row.update_id for row in message.rows)
            again = message.rows[0].state == State.UNKNOWN
            for place in [(update, endpoint) for update in updates]:
                self._copy_is_right(place, message.message, again=again)
            rounds = {(update, endpoint): self.rounds.get((update, endpoint), 0) for update in updates}
            out.copies.append(Copy(endpoint, message.message, updates, again, rounds))
        self.log += out.copies

    def _copy_is_right(self, place: Place, message: int, *, again: bool) -> None:
        update, endpoint = place
        earlier = [copy for copy in self._copies(place) if copy.may_have_arrived]
        labels = self._labels(place)
        self._must(len(earlier) <= labels, f"D2 {place} went out {len(earlier) + 1} times, labelled {labels}")
        self._must(len(earlier) <= 1, f"D2 {place} went out a third time")
        same = all(copy.message == message for copy in earlier)
        self._must(same or not again, f"D2 {place} went out again as another message")
        [(said, versions)] = [(one, all_) for all_ in self.said.values() for one in all_ if one.update == update]
        self._must(said.audiences & self.audiences[endpoint], f"I8 {place} is not meant for it")
        newer = {one.update for one in versions[versions.index(said) + 1 :]}
        later = [copy for copy in self.log if copy.endpoint == endpoint and newer & {*copy.updates}]
        self._must(not [one for one in later if one.may_have_arrived], f"I9 {place} is older than what it has heard")

    def _copies(self, place: Place) -> list[Copy]:
        """Return what was handed over since an operator last tried it again."""
        return [copy for copy in self.log if copy.rounds.get(place) == self.rounds.get(place, 0)]

    def _labels(self, place: Place) -> int:
        """Return how many labels a row got since then."""
        return self.rows[place].unknowns - self.labels.get(place, 0)

    def truly(self, copy: Copy, word: str) -> str:
        """Return what a provider can say: none denies what it reported on, and who looks finds what there is."""
        if copy.reported:
            return "accepted"
        if not copy.again:
            return {"cleared": "no answer", "ask again": "try again"}.get(word, word)
        gone = all(one.fate in {"no answer", "lost"} and not one.reported for one in self._before(copy))
        return "no answer" if word == "cleared" and not gone else word

    def _before(self, copy: Copy) -> list[Copy]:
        """Return the other copies of what one tells that may have arrived."""
        found = [one for place in copy.places for one in self._copies(place)]
        return [one for one in found if one is not copy and one.may_have_arrived]

    def answered(
        self, copies: Sequence[Copy], words: Sequence[str], before: Mapping[Place, Seen], *, late: bool
    ) -> None:
        for copy, word in zip(copies, words, strict=True):
            copy.fate = word
            if word == "cleared":
                copy.fate = "no answer"
                for one in self._before(copy):
                    one.fate = "never there"
                # What was looked for is in no doubt any more; its label stays.
                self.cleared |= {} if late else {place: self.rows[place].unknowns - 1 for place in copy.places}
            for place in copy.places if word == "ask again" else []:
                same = before[place].unknowns == self.rows[place].unknowns
                self._must(same, f"D2 nobody could be asked about {place}, and it counts as sent once more")
            for place in copy.places if word == "accepted" else []:
                heard = self.rows[place].state in _HEARD or copy.rounds[place] != self.rounds.get(place, 0)
                self._must(heard, f"I6 {place} was accepted, and is {self.rows[place].state}")

    def lost(self, copies: Sequence[Copy]) -> None:
        for copy in copies:
            copy.fate = "lost"

    @property
    def reportable(self) -> list[Copy]:
        """Copies of which a provider may report something: it has them, and did not refuse them."""
        return [copy for copy in self.log if copy.may_have_arrived]

    def reported(self, copy: Copy, kind: ReceiptKind, before: Mapping[Place, Seen]) -> None:
        """Whatever came first: what bounced stays so, what was delivered stays so unless it bounced."""
        copy.reported = True
        for place, row in before.items():
            if row.state in {State.PENDING, State.HELD} and self.rows[place].state is State.BOUNCED:
                begun = self.rounds.get(place, 0) in self.begun.get(place, ())
                self._must(begun, f"I6 {kind} of a copy before ended {place}, which an operator has tried again")
        place = copy.message, copy.endpoint
        now, bounced = self.rows[place].state, State.BOUNCED in {kind.value, before[place].state}
        if copy.rounds.get(place) == self.rounds.get(place, 0):
            self._must(now is (State.BOUNCED if bounced else State.DELIVERED), f"I6 {kind} left {place} {now}")

    def tried_again(self, before: Mapping[Place, Seen]) -> None:
        for place, row in self.rows.items():
            if row.state is State.PENDING and before[place].state is not State.PENDING:
                self.rounds[place] = self.rounds.get(place, 0) + 1
                self.cleared[place] = self.labels[place] = row.unknowns

    def always(self) -> None:
        for place, row in self.rows.items():
            is_open = row.state in UNFINISHED
            self._must(is_open == row.timed, f"I4 {place} is {row.state}, its timer: {row.timed}")
            self._must(row.awaited or not is_open, f"I4 nobody will look at {place}, which is {row.state}")
            taken = sum(copy.fate == "accepted" for copy in self._copies(place))
            labels = self._labels(place)
            self._must(taken <= 1 + labels, f"I3 {place} was taken {taken} times, labelled {labels}")
        for versions in self.said.values():
            for said in versions:
                wanted = {key for key, mask in self.audiences.items() if mask & said.audiences}
                found = {endpoint for update, endpoint in self.rows if update == said.update}
                expected = set[int]() if said.update in self.unspread else wanted
                self._must(found == expected, f"I1 update {said.update} has rows of {found} instead of {expected}")

    def at_rest(self) -> None:
        for place, row in self.rows.items():
            self._must(row.state not in UNFINISHED, f"I1 {place} is {row.state} for ever")
            # Of any round, and by name: receipts say neither which try they are about nor which rows were in it.
            mine = [copy for copy in self.log if place in {*copy.places, (copy.message, copy.endpoint)}]
            arrived = [copy for copy in mine if copy.may_have_arrived]
            self._must(arrived or row.unknowns or row.state not in _HEARD, f"{place} is {row.state} and never went out")
