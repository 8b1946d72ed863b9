"""Whatever happens to deliveries, in whatever order, no promise breaks; faults put into table or store are caught."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from domain import machine_lives as lives
from domain.machine_lives import Life, lead, of
from domain.pure_nouns import Person
from domain.pure_store import PureStore
from tocsin.domain.channel import Accepted, Result
from tocsin.domain.delivery import MOVES, State
from tocsin.domain.errors import Ambiguous, AskAgain, IllegalMove
from tocsin.domain.outline import Planned
from tocsin.domain.rows import Version
from tocsin.services.begun import Begun

LIVES = settings(lives.SAME, max_examples=150, stateful_step_count=50)


def test_no_order_of_events_breaks_a_promise() -> None:
    run_state_machine_as_test(of(PureStore), settings=LIVES)


@pytest.mark.soak
def test_no_order_of_events_breaks_a_promise_in_ten_thousand_lives() -> None:
    deep = settings(LIVES, max_examples=10_000, stateful_step_count=80, derandomize=False, phases=list(Phase))
    run_state_machine_as_test(of(PureStore), settings=deep)


S = State
# What is wrong in the table, and the life in which it shows.
TABLE: list[tuple[Life, State, frozenset[State]]] = [
    (lives.overtaken_in_flight_and_heard, S.SUPERSEDED, MOVES[S.SUPERSEDED] - {S.ACCEPTED}),
    (lives.cancelled_in_flight_and_heard, S.CANCELLED, MOVES[S.CANCELLED] - {S.ACCEPTED}),
    (lives.a_receipt_before_its_answer, S.PENDING, MOVES[S.PENDING] - {S.DELIVERED}),
    (lives.a_worker_dies_after_handing_over, S.PENDING, MOVES[S.PENDING] - {S.UNKNOWN}),
    (lives.what_is_sent_again_is_put_off, S.UNKNOWN, MOVES[S.UNKNOWN] - {S.HELD}),
    (lives.receipts_against_their_order, S.ACCEPTED, MOVES[S.ACCEPTED] - {S.BOUNCED}),
    (lives.receipts_in_their_order, S.DELIVERED, MOVES[S.DELIVERED] - {S.BOUNCED}),
    (lives.an_old_receipt_after_a_new_try, S.BOUNCED, MOVES[S.BOUNCED] - {S.PENDING}),
    (lives.a_receipt_before_its_answer, S.DELIVERED, MOVES[S.DELIVERED] | {S.ACCEPTED}),
    (lives.receipts_against_their_order, S.BOUNCED, MOVES[S.BOUNCED] | {S.DELIVERED}),
    (lives.a_bounce_before_its_answer, S.BOUNCED, MOVES[S.BOUNCED] | {S.ACCEPTED}),
]


@pytest.mark.parametrize("life", lives.LIVES)
def test_each_life_comes_to_its_end(life: Life) -> None:
    lead(life, of(PureStore))


@pytest.mark.parametrize(("life", "state", "after"), TABLE)
def test_a_table_that_is_wrong_in_one_place_is_caught(
    life: Life, state: State, after: frozenset[State], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(MOVES, state, after)
    with pytest.raises((AssertionError, IllegalMove)):
        lead(life, of(PureStore))


class Fenceless(PureStore):
    """Believes whatever a worker says, though its lease was lost."""

    def _believes(self, token: int) -> bool:
        return token > 0


class Unbelieving(PureStore):
    """Takes nothing from a worker that lost its lease, not even "accepted"."""

    def answer(self, begun: Begun, results: Sequence[Result]) -> None:
        if self.holds(begun.token):
            super().answer(begun, results)


class Unlabelling(PureStore):
    """Sends again what a dead worker had in hand, and says so nowhere."""

    def _label(self, messages: Sequence[Planned]) -> None: ...


class Brooding(PureStore):
    """Forgets that a doubt was cleared: what was sent twice is never sent again."""

    def answer(self, begun: Begun, results: Sequence[Result]) -> None:
        super().answer(begun, results)
        for entry in self.entries.values():
            entry.cleared = 0


class Credulous(PureStore):
    """Takes every doubt for cleared: what may have arrived twice is sent a third time."""

    def answer(self, begun: Begun, results: Sequence[Result]) -> None:
        super().answer(begun, results)
        for entry in self.entries.values():
            entry.cleared = max(0, entry.unknowns - 1)


class Burning(PureStore):
    """Counts for a doubt that nobody could be asked."""

    def answer(self, begun: Begun, results: Sequence[Result]) -> None:
        super().answer(begun, [Ambiguous(one.note) if isinstance(one, AskAgain) else one for one in results])


class Leaseless(PureStore):
    """Gives to a second worker what a first one has in hand."""

    def begin(self) -> Begun | None:
        for bucket in self.buckets.values():
            bucket.lease_until = min(bucket.lease_until, self.now)
        return super().begin()


class Deaf(PureStore):
    """Writes to those who unsubscribed."""

    def opt_out(self, endpoint: int) -> None:
        super().opt_out(endpoint)
        self.persons[endpoint].state = "active"


class Forgetful(PureStore):
    """Forgets, with an answer, what is to be tried again."""

    def answer(self, begun: Begun, results: Sequence[Result]) -> None:
        super().answer(begun, results)
        [leased] = begun.lease.buckets
        if not all(isinstance(result, Accepted) for result in results):
            self.buckets[leased.id].live = {}


class Hinted(PureStore):
    """Trusts the broker: what no hint speaks of is never looked at."""

    def flush(self) -> None:
        for bucket in self.buckets.values():
            bucket.live = {}


class Overlooking(PureStore):
    """Writes no row for one of those who are meant."""

    def _addressed(self, version: Version) -> list[Person]:
        return super()._addressed(version)[:-1]


class Impatient(PureStore):
    """Goes on sending while a channel is paused."""

    def pause(self, *, paused: bool) -> None: ...


class Believing(PureStore):
    """Lets an old receipt end what an operator has tried again."""

    def retry(self, incident: int) -> None:
        super().retry(incident)
        for entry in self.entries.values():
            entry.named = True


class Grudging(PureStore):
    """Keeps doubts of the life before, where an operator tries again."""

    def retry(self, incident: int) -> None:
        cleared = {key: entry.cleared for key, entry in self.entries.items()}
        super().retry(incident)
        for key, n in cleared.items():
            self.entries[key].cleared = n


class Whitewashing(PureStore):
    """Takes the label from what an operator tries again."""

    def retry(self, incident: int) -> None:
        super().retry(incident)
        for entry in self.entries.values():
            if entry.state is State.PENDING:
                entry.unknowns = entry.cleared = 0


STORES: list[tuple[Life, type[PureStore]]] = [
    (lives.a_late_refusal, Fenceless),
    (lives.a_late_acceptance, Unbelieving),
    (lives.a_worker_dies_after_handing_over, Unlabelling),
    (lives.a_doubt_is_cleared, Brooding),
    (lives.nobody_can_be_asked, Credulous),
    (lives.nobody_can_be_asked, Burning),
    (lives.a_second_worker_comes_by, Leaseless),
    (lives.somebody_unsubscribes, Deaf),
    (lives.a_provider_is_busy, Forgetful),
    (lives.the_broker_forgets, Hinted),
    (lives.the_broker_forgets, Overlooking),
    (lives.a_channel_is_paused, Impatient),
    (lives.an_old_receipt_after_a_new_try, Believing),
    (lives.a_worker_dies_over_a_new_try, Grudging),
    (lives.a_worker_dies_over_a_new_try, Whitewashing),
]


@pytest.mark.parametrize(("life", "store"), STORES)
def test_a_store_with_a_fault_is_caught(life: Life, store: type[PureStore]) -> None:
    with pytest.raises(AssertionError):
        lead(life, of(store))


@pytest.mark.soak
@pytest.mark.parametrize("store", [store for _, store in STORES])
def test_chance_finds_each_fault_too(store: type[PureStore]) -> None:
    deep = settings(LIVES, max_examples=3000, stateful_step_count=60)
    with pytest.raises((AssertionError, ExceptionGroup)):
        run_state_machine_as_test(of(store), settings=deep)
