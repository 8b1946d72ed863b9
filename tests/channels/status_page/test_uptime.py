"""The last 90 days, by Statuspage's rule."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from page_samples import CALENDAR, NOW
from tocsin.domain.component import ComponentStatus
from tocsin.domain.uptime import Calendar, Span, days_of, uptime

DOWN, PARTLY = ComponentStatus.MAJOR_OUTAGE, ComponentStatus.PARTIAL_OUTAGE
MINUTES = 90 * 24 * 60


def test_a_night_is_split_at_midnight() -> None:
    night = Span(datetime(2026, 11, 19, 23, tzinfo=UTC), datetime(2026, 11, 20, 2, tzinfo=UTC), DOWN)
    days = days_of([night], CALENDAR)
    assert [(day.day.day, day.major_seconds) for day in days if day.major_seconds] == [(19, 3600), (20, 7200)]


def test_midnight_is_the_pages_own() -> None:
    zone = ZoneInfo("America/New_York")
    days = days_of([Span(NOW - timedelta(hours=12), NOW - timedelta(hours=8), DOWN)], Calendar.until(NOW, zone))
    # 00:31 to 04:31 UTC is 19:31 to 23:31 of the day before in New York.
    assert [day.day.day for day in days if day.major_seconds] == [20]


def test_where_two_say_something_the_worse_counts_once() -> None:
    begin = NOW - timedelta(hours=4)
    days = days_of([Span(begin, NOW, PARTLY), Span(begin, begin + timedelta(hours=1), DOWN)], CALENDAR)
    assert (days[-1].worst, days[-1].major_seconds, days[-1].partial_seconds) == (DOWN, 3600, 3 * 3600)


def test_partial_counts_a_third_and_slow_not_at_all() -> None:
    begin = NOW - timedelta(days=10)
    partly = days_of([Span(begin, begin + timedelta(days=9), PARTLY)], CALENDAR)
    slow = days_of([Span(begin, begin + timedelta(days=9), ComponentStatus.DEGRADED_PERFORMANCE)], CALENDAR)
    assert uptime(partly, NOW - timedelta(days=400), NOW) == 97.0
    assert uptime(slow, NOW - timedelta(days=400), NOW) == 100.0
    assert slow[-5].worst is ComponentStatus.DEGRADED_PERFORMANCE


def test_what_was_ever_down_is_never_called_100_percent() -> None:
    days = days_of([Span(NOW - timedelta(seconds=2), NOW, DOWN)], CALENDAR)
    assert uptime(days, NOW - timedelta(days=400), NOW) == 99.99


@given(
    st.lists(
        st.tuples(st.integers(0, MINUTES), st.integers(1, 5000), st.sampled_from(list(ComponentStatus))),
        max_size=12,
    )
)
def test_no_second_is_counted_twice(said: list[tuple[int, int, ComponentStatus]]) -> None:
    begin = CALENDAR.starts[0]
    spans = [
        Span(begin + timedelta(minutes=start), begin + timedelta(minutes=start + length), status)
        for start, length, status in said
    ]
    days = days_of(spans, CALENDAR)
    assert all(day.partial_seconds + day.major_seconds <= 86_400 for day in days)
    down = {
        minute
        for start, length, status in said
        if status is DOWN
        for minute in range(start, start + length)
        if begin + timedelta(minutes=minute) < NOW
    }
    assert abs(sum(day.major_seconds for day in days) - 60 * len(down)) <= 60
