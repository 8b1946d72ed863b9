"""The rules by which anything may happen to deliveries, in any order, and what holds after each of them.

One machine for two stores: the one in memory, and PostgreSQL. What may move what is said here once more, by its cause
and not by the table under test; what was handed over is kept here, as a provider would.
"""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from domain.machine_judge import Judge
from domain.machine_nouns import Out
from domain.machine_store import ANSWERS, Store
from domain.pure_nouns import EVERYONE, INSIDE
from tocsin.domain.channel import ReceiptKind
from tocsin.domain.delivery import UNFINISHED
from tocsin.domain.incident import Severity, Standing, Status
from tocsin.services.second_try import AGAIN

LEASE = 15.0
MOST_INCIDENTS = 3
_which = st.integers(0, 5)
_said = st.lists(st.sampled_from(list(ANSWERS)), min_size=1, max_size=3)
_status = st.sampled_from([Status.IDENTIFIED, Status.MONITORING, Status.RESOLVED])
_severity = st.sampled_from([Severity.SEV1, Severity.SEV2])
_audiences = st.sampled_from([EVERYONE, EVERYONE, INSIDE])


class Machine(RuleBasedStateMachine):
    """Give `make_store` to have a machine over a store."""

    def make_store(self) -> Store:
        raise NotImplementedError

    def __init__(self) -> None:
        super().__init__()
        self.store = self.make_store()
        self.judge = Judge(self.store.audiences)
        self.out: list[Out] = []
        self.events = 0
        self.paused = False

    def _did(self, cause: str, touched: Sequence[tuple[int, int]] | None = None) -> None:
        self.judge.look(cause, self.store.seen(), touched)

    @precondition(lambda self: len(self.judge.said) < MOST_INCIDENTS)
    @rule(severity=_severity, audiences=_audiences)
    def submit(self, severity: Severity, audiences: int) -> None:
        self._publish(len(self.judge.said), Standing(Status.INVESTIGATING, severity), audiences)

    @precondition(lambda self: self.judge.said)
    @rule(which=_which, status=_status, severity=_severity, audiences=_audiences)
    def newer_version(self, which: int, status: Status, severity: Severity, audiences: int) -> None:
        incident = which % len(self.judge.said)
        if not self.judge.said[incident][-1].standing.is_open:
            status = Status.INVESTIGATING
        self._publish(incident, Standing(status, severity), audiences)

    def _publish(self, incident: int, standing: Standing, audiences: int) -> None:
        self.store.publish(incident, standing, audiences)
        self.judge.publish(incident, standing, audiences)
        self._did("publish")

    @precondition(lambda self: self.judge.unspread)
    @rule()
    def fan_out(self) -> None:
        self.store.spread()
        self.judge.unspread.clear()
        self._did("fan out")

    @rule()
    def claim(self) -> None:
        self._claim()

    def _claim(self) -> Out | None:
        before, at_work = dict(self.judge.rows), [out for out in self.out if self.store.now < out.until]
        begun = self.store.begin()
        self._did("claim")
        self.judge.labelled(before, [message for out in at_work for message in out.begun.plan.messages])
        if begun is None:
            return None
        self.judge.claimed(begun)
        assert not self.paused, "a batch began on a paused channel"
        out = Out(begun, self.store.now + LEASE)
        self.out.append(out)
        return out

    @precondition(lambda self: any(row.state in UNFINISHED for row in self.judge.rows.values()))
    @rule()
    def claim_and_hand_over(self) -> None:
        out = self._claim()
        if out is not None:
            self.judge.hand_over(out)

    # A process that was stopped for longer than its lease and then goes on handing over is beyond any fence of ours.
    @precondition(lambda self: any(not out.copies for out in self.out))
    @rule(which=_which)
    def hand_over(self, which: int) -> None:
        waiting = [out for out in self.out if not out.copies and self.store.now < out.until]
        if waiting:
            self.judge.hand_over(waiting[which % len(waiting)])

    @precondition(lambda self: any(out.copies for out in self.out))
    @rule(which=_which, said=_said)
    def provider_answers(self, which: int, said: list[str]) -> None:
        self._answer(which, said)

    @precondition(lambda self: any(out.copies for out in self.out))
    @rule(which=_which)
    def provider_accepts(self, which: int) -> None:
        self._answer(which, ["accepted"])

    @precondition(lambda self: any(out.copies for out in self.out))
    @rule(which=_which, how=st.sampled_from(["refused", "try again"]))
    def provider_refuses(self, which: int, how: str) -> None:
        self._answer(which, [how])

    @precondition(lambda self: any(out.copies for out in self.out))
    @rule(which=_which)
    def provider_says_nothing(self, which: int) -> None:
        self._answer(which, ["no answer"])

    @precondition(lambda self: any(copy.again for out in self.out for copy in out.copies))
    @rule(which=_which, how=st.sampled_from(["cleared", "ask again"]))
    def what_is_in_doubt_is_looked_for(self, which: int, how: str) -> None:
        """And it was not there, or nobody said."""
        self._answer(which, [how])

    def _answer(self, which: int, said: list[str]) -> None:
        """Have the provider answer; where the lease was lost meanwhile, only "accepted" may change anything."""
        handed = [out for out in self.out if out.copies]
        out = handed[which % len(handed)]
        self.out.remove(out)
        words = [said[at % len(said)] for at in range(len(out.copies))]
        words = [self.judge.truly(copy, word) for copy, word in zip(out.copies, words, strict=True)]
        late, before = not self.store.holds(out.begun.token), dict(self.judge.rows)
        self.store.answer(out.begun, [ANSWERS[word] for word in words])
        heard = [word == "accepted" or not late for word in words]
        self._did(
            "answer", [place for copy, may in zip(out.copies, heard, strict=True) if may for place in copy.places]
        )
        self.judge.answered(out.copies, words, before, late=late)

    @precondition(lambda self: self.out)
    @rule(which=_which)
    def worker_dies(self, which: int) -> None:
        """Before or after it handed anything over: whoever comes next cannot know."""
        self.judge.lost(self.out.pop(which % len(self.out)).copies)

    @precondition(lambda self: self.out)
    @rule()
    def lease_expires(self) -> None:
        self.time_passes(LEASE + 1.3)

    @precondition(lambda self: any(out.copies for out in self.out))
    @rule()
    def another_takes_over(self) -> None:
        """Whoever has something in hand falls silent for a lease, and may speak again later."""
        self.lease_expires()
        self._claim()

    @rule(seconds=st.sampled_from([0.7, 6.1, 33.3, 433.7, 4511.3]))
    def time_passes(self, seconds: float) -> None:
        self.store.wait(seconds)
        self._did("time")

    @precondition(lambda self: self.judge.reportable)
    @rule(
        which=st.integers(0, 30), kind=st.sampled_from([ReceiptKind.DELIVERED, ReceiptKind.BOUNCED]), same=st.booleans()
    )
    def receipt(self, which: int, kind: ReceiptKind, same: bool) -> None:  # noqa: FBT001 - Hypothesis gives it by name
        """Before the answer or long after it, of any message, once or again, under the same name or another."""
        copies = self.judge.reportable
        copy = copies[which % len(copies)]
        self.events += not same
        place = next(at for at, one in enumerate(self.judge.log) if one is copy)
        event = f"{place}.{kind}.{0 if same else self.events}"
        before = dict(self.judge.rows)
        self.store.receive(copy.endpoint, copy.message, kind, event)
        # What was in an earlier copy of the same name may have arrived with that.
        self._did("receipt", list(self.judge.named[copy.endpoint, copy.message]))
        self.judge.reported(copy, kind, before)

    @precondition(lambda self: not self.judge.gone)
    @rule(which=_which)
    def unsubscribe(self, which: int) -> None:
        """One of them: with nobody left to tell there would be nothing to see."""
        endpoint = sorted(self.store.audiences)[which % len(self.store.audiences)]
        self.store.opt_out(endpoint)
        self.judge.gone.add(endpoint)
        self._did("unsubscribe", [place for place in self.judge.rows if place[1] == endpoint])

    @precondition(lambda self: any(row.state in UNFINISHED for row in self.judge.rows.values()))
    @rule(which=_which)
    def cancel(self, which: int) -> None:
        incident = which % len(self.judge.said)
        self.store.cancel(incident)
        self._did("cancel", self.judge.places_of(incident))

    @precondition(lambda self: any(row.state in AGAIN for row in self.judge.rows.values()))
    @rule(which=_which)
    def retry(self, which: int) -> None:
        incident = which % len(self.judge.said)
        before = dict(self.judge.rows)
        self.store.retry(incident)
        self._did("retry", self.judge.places_of(incident))
        self.judge.tried_again(before)

    @precondition(lambda self: self.judge.said)
    @rule()
    def pause_or_go_on(self) -> None:
        self.paused = not self.paused
        self.store.pause(paused=self.paused)
        self._did("pause")

    @precondition(lambda self: any(row.state in UNFINISHED for row in self.judge.rows.values()))
    @rule()
    def flush_the_broker(self) -> None:
        self.store.flush()
        self._did("flush")

    @invariant()
    def every_promise_is_kept(self) -> None:
        self.judge.always()

    def teardown(self) -> None:
        """Let everything come to rest, and look whether anything was lost."""
        if self.judge.broken:  # it has failed already
            return
        self.store.pause(paused=False)
        self.paused = False
        self.store.spread()
        self.judge.unspread.clear()
        self._did("fan out")
        for out in list(self.out):
            self.out.remove(out)
            self.judge.lost(out.copies)
        for _ in range(60):
            if not any(row.state in UNFINISHED for row in self.judge.rows.values()):
                break
            self.time_passes(433.7)
            while (taken := self._claim()) is not None:
                self.judge.hand_over(taken)
                self._answer(0, ["accepted"])
        self.judge.at_rest()
