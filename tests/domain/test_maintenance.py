"""When a maintenance may be, and what the clock does about it next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tocsin.domain.component import ComponentStatus
from tocsin.domain.errors import Conflict, IllegalMove, Refused
from tocsin.domain.flood import Class, classify
from tocsin.domain.incident import MAINTENANCE_STATUSES, Phase, Severity, Standing, Status, move, phase
from tocsin.domain.maintenance import (
    ByClock,
    Due,
    Step,
    Window,
    components_in,
    due_now,
    moved,
    next_due,
    planned,
)

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
WINDOW = Window(NOW + 3 * HOUR, NOW + 5 * HOUR)
WANTED = ByClock(auto_start=True, auto_complete=True, remind_before=HOUR)
BY_HAND = ByClock(auto_start=False, auto_complete=False, remind_before=timedelta(0))

LEGAL = {
    "scheduled": "scheduled, in_progress, cancelled",
    "in_progress": "in_progress, verifying, completed, cancelled",
    "verifying": "in_progress, verifying, completed, cancelled",
    "completed": "completed",
    "cancelled": "cancelled",
}


@pytest.mark.parametrize(("status", "legal"), LEGAL.items())
def test_an_illegal_move_names_the_legal_ones(status: str, legal: str) -> None:
    for to in Status:
        if to in legal.split(", "):
            assert move(Status(status), to) is to
            continue
        with pytest.raises(IllegalMove) as refused:
            move(Status(status), to)
        assert f"A maintenance that is {status} cannot become {to}. From here it can become: {legal}." in str(
            refused.value
        )


def test_no_incident_becomes_a_maintenance() -> None:
    for status in Status:
        for to in Status:
            if status.is_maintenance != to.is_maintenance:
                with pytest.raises(IllegalMove):
                    move(status, to)


def test_whatever_is_said_of_it_is_maintenance_to_who_chose_phases() -> None:
    told = {phase(None, Standing(status, Severity.SEV4)) for status in MAINTENANCE_STATUSES}
    assert told == {Phase.MAINTENANCE}


def test_it_is_routine_however_small_the_incidents_are_that_policy_has_urgent() -> None:
    planned_one, broken = Standing(Status.SCHEDULED, Severity.SEV4), Standing(Status.INVESTIGATING, Severity.SEV4)
    assert classify(broken, None, Severity.SEV4, first=True) is Class.URGENT
    assert classify(planned_one, None, Severity.SEV4, first=True) is Class.ROUTINE
    assert (
        classify(Standing(Status.IN_PROGRESS, Severity.SEV4), planned_one, Severity.SEV4, first=False) is Class.ROUTINE
    )
    assert classify(Standing(Status.CANCELLED, Severity.SEV4), planned_one, Severity.SEV4, first=False) is Class.CLOSURE


def test_its_components_are_under_maintenance_while_it_is_under_way() -> None:
    said = {status: components_in(status, ["shop"])["shop"] for status in MAINTENANCE_STATUSES}
    under_way = {status for status, state in said.items() if state is ComponentStatus.UNDER_MAINTENANCE}
    assert under_way == {Status.IN_PROGRESS, Status.VERIFYING}
    assert set(said.values()) == {ComponentStatus.UNDER_MAINTENANCE, ComponentStatus.OPERATIONAL}


@pytest.mark.parametrize(
    ("window", "field"),
    [
        (Window(NOW + HOUR, NOW + HOUR), "scheduled_until"),
        (Window(NOW + HOUR, NOW), "scheduled_until"),
        (Window(NOW - 2 * HOUR, NOW), "scheduled_until"),
        (Window(NOW, NOW + timedelta(days=91)), "scheduled_until"),
    ],
)
def test_a_window_has_a_length_and_is_not_over(window: Window, field: str) -> None:
    with pytest.raises(Refused) as refused:
        planned(window, NOW)
    assert refused.value.field == field
    for allowed in (Window(NOW - HOUR, NOW + HOUR), Window(NOW, NOW + timedelta(days=90))):
        assert planned(allowed, NOW) == allowed


def test_it_reminds_begins_and_ends_by_itself() -> None:
    assert next_due(Status.SCHEDULED, WINDOW, WANTED, NOW) == Due(Step.REMIND, NOW + 2 * HOUR)
    assert next_due(Status.SCHEDULED, WINDOW, WANTED, NOW + 2 * HOUR) == Due(Step.START, WINDOW.starts_at)
    assert next_due(Status.IN_PROGRESS, WINDOW, WANTED, WINDOW.starts_at) == Due(Step.COMPLETE, WINDOW.ends_at)
    assert next_due(Status.VERIFYING, WINDOW, WANTED, WINDOW.starts_at) == Due(Step.COMPLETE, WINDOW.ends_at)


def test_what_is_not_wanted_waits_for_people() -> None:
    assert next_due(Status.SCHEDULED, WINDOW, BY_HAND, NOW) is None
    assert next_due(Status.IN_PROGRESS, WINDOW, BY_HAND, NOW) is None
    for status in (Status.COMPLETED, Status.CANCELLED):
        assert next_due(status, WINDOW, WANTED, NOW) is None


def test_who_is_told_within_the_hour_before_is_not_reminded() -> None:
    late = Window(NOW + HOUR / 2, NOW + HOUR)
    assert next_due(Status.SCHEDULED, late, WANTED, NOW) == Due(Step.START, late.starts_at)


def test_another_window_reminds_anew() -> None:
    reminded_at = NOW + 2 * HOUR
    later = Window(WINDOW.starts_at + 24 * HOUR, WINDOW.ends_at + 24 * HOUR)
    assert next_due(Status.SCHEDULED, later, WANTED, reminded_at + HOUR / 2) == Due(Step.REMIND, later.starts_at - HOUR)


def test_a_clock_that_comes_late_leaves_the_reminder_out() -> None:
    assert due_now(Status.SCHEDULED, WINDOW, WANTED, NOW, WINDOW.starts_at - HOUR / 2) is Step.REMIND
    assert due_now(Status.SCHEDULED, WINDOW, WANTED, NOW, WINDOW.starts_at) is Step.START
    by_hand = ByClock(auto_start=False, auto_complete=True, remind_before=HOUR)
    assert due_now(Status.SCHEDULED, WINDOW, by_hand, NOW, WINDOW.starts_at + HOUR) is None
    assert due_now(Status.SCHEDULED, WINDOW, WANTED, NOW, NOW) is None


def test_what_has_begun_keeps_its_beginning_and_what_is_over_both() -> None:
    later = WINDOW.ends_at + HOUR
    assert moved(WINDOW, Status.SCHEDULED, NOW + HOUR, None, NOW) == Window(NOW + HOUR, WINDOW.ends_at)
    assert moved(WINDOW, Status.IN_PROGRESS, None, later, NOW) == Window(WINDOW.starts_at, later)
    assert moved(WINDOW, Status.IN_PROGRESS, WINDOW.starts_at, later, NOW) == Window(WINDOW.starts_at, later)
    assert moved(WINDOW, Status.COMPLETED, None, WINDOW.ends_at, later) == WINDOW
    with pytest.raises(Conflict, match="only scheduled_until moves"):
        moved(WINDOW, Status.VERIFYING, NOW + HOUR, None, NOW)
    for status in (Status.COMPLETED, Status.CANCELLED):
        with pytest.raises(Conflict, match="is not moved"):
            moved(WINDOW, status, None, later, NOW)
    with pytest.raises(Refused):
        moved(WINDOW, Status.SCHEDULED, None, NOW, NOW)


def test_a_night_with_a_change_of_clocks_is_as_long_as_its_window_says() -> None:
    # In Berlin clocks go from 03:00 back to 02:00 on 25 October 2026: this lasts four hours, from 00:30 to 03:30.
    berlin = ZoneInfo("Europe/Berlin")
    begins, ends = datetime(2026, 10, 25, 0, 30, tzinfo=berlin), datetime(2026, 10, 25, 3, 30, tzinfo=berlin)
    window = Window(begins.astimezone(UTC), ends.astimezone(UTC))
    assert window.ends_at - window.starts_at == timedelta(hours=4)
    before = window.starts_at - 2 * HOUR
    assert next_due(Status.SCHEDULED, window, WANTED, before) == Due(Step.REMIND, window.starts_at - HOUR)
    assert next_due(Status.IN_PROGRESS, window, WANTED, before) == Due(
        Step.COMPLETE, datetime(2026, 10, 25, 2, 30, tzinfo=UTC)
    )
