"""How a message of unknown outcome goes on: when it is looked for again, and when looking is over."""

from __future__ import annotations

import pytest

from tocsin.domain.channel import Accepted
from tocsin.domain.delivery import Reason, State
from tocsin.domain.errors import Ambiguous, AskAgain, DeliveryError, GiveUp, TooFast, TryAgain
from tocsin.domain.flood import Pace
from tocsin.domain.incident import Phase, Severity, Standing, Status
from tocsin.domain.outline import Planned
from tocsin.domain.patience import Patience
from tocsin.domain.rows import Row, Version
from tocsin.services.outcome import PutOff, Unwritten, outcome_of, unheard_of
from tocsin.store.record import Unheard

NOW, DAY = 1_000_000.0, 86_400.0
REPORTS_WITHIN = 120.0
OPEN, OVER = Standing(Status.INVESTIGATING, Severity.SEV1), Standing(Status.RESOLVED, Severity.SEV1)
VERSIONS = {
    number: Version(number, f"u{number}", 1, number, standing, Phase.UPDATE, 1, is_public=True, notify=True)
    for number, standing in ((1, OPEN), (2, OVER))
}
ROW = Row(
    7, 1, 3, 0, "unknown", "outcome_unknown", NOW - 200, NOW, 1, 1, 1, "e7", "active", "someone", 1, "Someone",
    "en", "UTC", None, None, None, 0.0, 0.0, 0.0, 0.0, 0.0, (1,), cleared=0, provider="twilio",
)  # fmt: skip


def came(error: DeliveryError, row: Row = ROW, *, cleared: bool = False) -> Unheard:
    error.cleared = cleared
    message = Planned((row,), row.update_id, Pace(), [*row.told])
    return unheard_of(message, error, NOW, Patience(), REPORTS_WITHIN, 0.5, VERSIONS)


@pytest.mark.parametrize(
    ("unknowns", "seconds"), [(0, 120), (1, 240), (2, 480), (3, 960), (12, 6 * 3600), (500, 6 * 3600)]
)
def test_it_is_left_alone_for_as_long_as_reports_may_come_and_twice_as_long_each_time(
    unknowns: int, seconds: float
) -> None:
    row = ROW._replace(unknowns=unknowns, cleared=unknowns)
    result = came(Ambiguous("no answer"), row, cleared=unknowns > 0)
    assert (result.state, result.due_at) == (State.UNKNOWN, NOW + seconds)
    assert (result.doubtful, result.cleared) == (True, unknowns > 0)


@pytest.mark.parametrize(("age", "seconds"), [(10, 30), (200, 50), (20_000, 300)])
def test_who_could_not_be_asked_is_asked_again_after_a_part_of_its_age(age: float, seconds: float) -> None:
    result = came(AskAgain("no answer"), ROW._replace(since=NOW - age))
    assert (result.state, result.reason, result.due_at) == (State.UNKNOWN, Reason.OUTCOME_UNKNOWN, NOW + seconds)
    assert (result.doubtful, result.tried, result.blames, result.cleared) == (False, False, False, False)


def test_who_says_to_ask_later_is_asked_then() -> None:
    assert came(AskAgain("429", retry_after=900.0)).due_at == NOW + 900


@pytest.mark.parametrize(("error", "cleared"), [(AskAgain("no answer"), False), (Ambiguous("no answer"), True)])
def test_what_is_no_news_any_more_counts_as_accepted(error: DeliveryError, *, cleared: bool) -> None:
    result = came(error, ROW._replace(since=NOW - DAY), cleared=cleared)
    assert (result.state, result.reason, result.due_at) == (State.ACCEPTED, Reason.OUTCOME_UNKNOWN, None)
    assert result.doubtful is isinstance(error, Ambiguous)


@pytest.mark.parametrize(("error", "cleared"), [(AskAgain("no answer"), False), (Ambiguous("no answer"), True)])
def test_the_end_of_what_was_told_goes_on_or_is_owed_to_the_fallback(error: DeliveryError, *, cleared: bool) -> None:
    end = ROW._replace(update_id=2, since=NOW - DAY)
    assert came(error, end, cleared=cleared).state is State.UNKNOWN
    assert came(error, end._replace(has_fallback=True), cleared=cleared).state is State.FAILED


@pytest.mark.parametrize("error", [TryAgain("503"), TooFast("429"), GiveUp("no")])
def test_what_was_looked_for_is_in_doubt_no_more_whatever_comes_of_sending_it(error: DeliveryError) -> None:
    result = came(error, cleared=True)
    assert result.cleared
    assert not result.doubtful
    assert result.state is not State.UNKNOWN


def test_the_first_doubt_is_looked_for_however_late_it_is() -> None:
    assert came(Ambiguous("no answer"), ROW._replace(state="held", unknowns=0, since=NOW - DAY)).state is State.UNKNOWN


def test_an_attempts_record_tells_asking_again_from_being_told_to_wait() -> None:
    assert [outcome_of(one) for one in (AskAgain(""), TooFast(""), Accepted())] == ["ask_again", "too_fast", "accepted"]


@pytest.mark.parametrize(
    ("error", "blames"),
    [(GiveUp("no"), True), (TryAgain("451"), True), (AskAgain("no answer"), False), (Unwritten("no words"), False)],
)
def test_nobody_is_blamed_for_what_no_receiver_said(error: DeliveryError, *, blames: bool) -> None:
    end = ROW._replace(update_id=2, since=NOW - DAY, has_fallback=True)
    assert came(error, end).blames is blames


def test_what_is_put_off_is_in_doubt_as_before_and_no_try() -> None:
    result = came(PutOff("paced", retry_after=7.0))
    assert (result.state, result.reason, result.due_at, result.tried) == (
        State.UNKNOWN, Reason.OUTCOME_UNKNOWN, NOW + 7, False,
    )  # fmt: skip
    held = came(PutOff("paced", retry_after=7.0), ROW._replace(state="held"))
    assert (held.state, held.reason) == (State.HELD, Reason.PROVIDER_PACED)


def test_an_end_that_must_be_told_however_late_is_tried_less_often_than_a_provider_would_take_it() -> None:
    error = TooFast("429", retry_after=5.0)
    assert came(error).due_at == NOW + 5
    assert came(error, ROW._replace(update_id=2, since=NOW - DAY)).due_at == NOW + Patience().wait(1, 1.0, 5.0, DAY)
    assert Patience().wait(1, 1.0, 5.0, DAY) > 900
