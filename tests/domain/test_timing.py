"""Digests and quiet hours hold news until the reader's own hour comes, on days with a change of clocks too."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.domain.delivery import Reason
from tocsin.domain.timing import DAYS, Held, held, never_awake, read_timing, zone

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = [{"days": list(DAYS), "from": "22:00", "to": "07:00"}]


def at(text: str, where: ZoneInfo = BERLIN) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=where).timestamp()


def timing(**fields: Any) -> Any:
    return read_timing({"mode": "realtime", "digest_at": None, "quiet_hours": None, "sev1_breaks_quiet": True} | fields)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-06-10T21:59", None),
        ("2026-06-10T22:00", "2026-06-11T07:00"),
        ("2026-06-11T03:00", "2026-06-11T07:00"),
        ("2026-06-11T07:00", None),
        ("2026-03-29T01:00", "2026-03-29T07:00"),  # the night that loses an hour
        ("2026-10-25T02:30", "2026-10-25T07:00"),  # the night that has one twice
    ],
)
def test_quiet_hours_hold_until_they_end(now: str, until: str | None) -> None:
    waits = held(timing(quiet_hours=NIGHT), BERLIN, at(now), at(now), urgent=False)
    assert waits == (None if until is None else Held(at(until), Reason.QUIET_HOURS))


def test_quiet_hours_that_end_in_an_hour_that_does_not_exist_end_when_the_clocks_have_moved_on() -> None:
    quiet = [{"days": ["sun"], "from": "00:00", "to": "02:30"}]
    waits = held(timing(quiet_hours=quiet), BERLIN, at("2026-03-29T01:00"), at("2026-03-29T01:00"), urgent=False)
    assert waits == Held(at("2026-03-29T03:00"), Reason.QUIET_HOURS)


def test_an_hour_that_there_is_twice_is_the_first_of_the_two() -> None:
    quiet = [{"days": ["sun"], "from": "00:00", "to": "02:30"}]
    waits = held(timing(quiet_hours=quiet), BERLIN, at("2026-10-25T01:00"), at("2026-10-25T01:00"), urgent=False)
    assert waits == Held(datetime.fromisoformat("2026-10-25T02:30+02:00").timestamp(), Reason.QUIET_HOURS)


def test_quiet_hours_that_follow_at_once_are_one() -> None:
    quiet = [
        {"days": ["sat"], "from": "00:00", "to": "00:00"},
        {"days": ["sun"], "from": "00:00", "to": "12:00"},
    ]
    now = at("2026-06-13T10:00")
    assert held(timing(quiet_hours=quiet), BERLIN, now, now, urgent=False) == Held(
        at("2026-06-14T12:00"), Reason.QUIET_HOURS
    )


def test_what_is_urgent_breaks_quiet_hours_unless_the_reader_chose_otherwise() -> None:
    now = at("2026-06-11T03:00")
    assert held(timing(quiet_hours=NIGHT), BERLIN, now, now, urgent=True) is None
    stubborn = timing(quiet_hours=NIGHT, sev1_breaks_quiet=False)
    assert held(stubborn, BERLIN, now, now, urgent=True) == Held(at("2026-06-11T07:00"), Reason.QUIET_HOURS)


def test_an_hourly_digest_comes_at_the_full_hour() -> None:
    now = at("2026-06-11T10:20")
    assert held(timing(mode="hourly"), BERLIN, now, now, urgent=False) == Held(at("2026-06-11T11:00"), Reason.DIGEST)
    assert held(timing(mode="hourly"), BERLIN, now, now, urgent=True) is None


@pytest.mark.parametrize(
    ("since", "until"),
    [
        ("2026-06-11T07:59", "2026-06-11T08:00"),
        ("2026-06-11T08:00", "2026-06-12T08:00"),
        ("2026-03-28T20:00", "2026-03-29T08:00"),
    ],
)
def test_a_daily_digest_comes_at_its_hour(since: str, until: str) -> None:
    daily = timing(mode="daily", digest_at="08:00")
    assert held(daily, BERLIN, at(since), at(since), urgent=False) == Held(at(until), Reason.DIGEST)
    assert held(daily, BERLIN, at(since), at(until), urgent=False) is None


def test_a_digest_that_falls_into_quiet_hours_waits_for_their_end() -> None:
    both = timing(mode="daily", digest_at="06:00", quiet_hours=NIGHT)
    now = at("2026-06-11T10:00")
    assert held(both, BERLIN, now, now, urgent=False) == Held(at("2026-06-12T07:00"), Reason.QUIET_HOURS)


def test_hours_that_leave_no_time_at_all_are_known() -> None:
    always = [{"days": list(DAYS), "from": "00:00", "to": "00:00"}]
    assert never_awake(timing(quiet_hours=always))
    assert not never_awake(timing(quiet_hours=NIGHT))


def test_a_zone_that_is_gone_is_read_as_utc() -> None:
    assert zone("Atlantis/Centre") == ZoneInfo("UTC")


@given(
    now=st.floats(1.7e9, 1.9e9),
    where=st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]),
    days=st.lists(st.sampled_from(DAYS), min_size=1, max_size=6, unique=True),
    begins=st.times().map(lambda clock: clock.strftime("%H:%M")),
    ends=st.times().map(lambda clock: clock.strftime("%H:%M")),
)
def test_after_the_wait_it_is_not_quiet_any_more(
    now: float, where: str, days: list[str], begins: str, ends: str
) -> None:
    choice = timing(quiet_hours=[{"days": days, "from": begins, "to": ends}])
    waits = held(choice, ZoneInfo(where), now, now, urgent=False)
    if waits is not None:
        assert waits.until > now
        assert held(choice, ZoneInfo(where), now, waits.until, urgent=False) is None
