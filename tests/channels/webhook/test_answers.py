"""The table of answers, row by row against what Standard Webhooks 1.0.0 asks of a sender."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tocsin.domain.channel import Accepted
from tocsin.domain.errors import AddressDead, TooFast, TryAgain
from tocsin_channels.calling.retry_after import wait_of
from tocsin_channels.webhook.answers import DECISIONS, judge

NOW = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 206, 299])
def test_any_2xx_is_success(status: int) -> None:
    assert judge(status, None, NOW) == Accepted(code=status)


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 305, 307, 308, 399])
def test_a_redirect_is_a_failure(status: int) -> None:
    assert type(judge(status, None, NOW)) is TryAgain


def test_410_and_nothing_else_ends_an_endpoint() -> None:
    dead = [status for status in range(100, 600) if type(judge(status, None, NOW)) is AddressDead]
    assert dead == [410]


@pytest.mark.parametrize("status", [status for status in range(300, 600) if status != 410])
def test_all_else_is_tried_again(status: int) -> None:
    result = judge(status, None, NOW)
    assert type(result) is (TooFast if status == 429 else TryAgain)
    assert result.code == status
    assert f"Answered {status}" in result.note


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_who_asks_for_patience_gets_a_minute(status: int) -> None:
    result = judge(status, None, NOW)
    assert isinstance(result, TryAgain)
    assert result.retry_after == 60


# 429, 502 and 504 by Standard Webhooks, 503 likewise; of 410 nothing is asked again.
LISTED = {
    *(300, 301, 302, 303, 304, 307, 308),
    *(400, 401, 402, 403, 404, 405, 406, 408, 409, 410, 411, 413, 415, 421, 422, 425, 429),
    *(500, 501, 502, 503, 504),
}


def test_no_row_is_left_out_and_four_alone_ask_for_patience() -> None:
    assert set(DECISIONS) == LISTED
    assert {status for status, decision in DECISIONS.items() if decision.wait} == {429, 502, 503, 504}
    for status in LISTED - {410, 429, 502, 503, 504}:
        result = judge(status, None, NOW)
        assert isinstance(result, TryAgain)
        assert result.retry_after is None


@pytest.mark.parametrize("status", sorted(DECISIONS.keys() - {410}))
def test_retry_after_is_honoured_whatever_it_comes_with(status: int) -> None:
    result = judge(status, "17", NOW)
    assert isinstance(result, TryAgain)
    assert result.retry_after == 17


def test_a_code_that_is_not_listed_says_so() -> None:
    result = judge(418, None, NOW)
    assert isinstance(result, TryAgain)
    assert "not in our table" in result.note


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ("0", 1),
        (" 30 ", 30),
        ("99999999999999999999", 3600),
        ("Sat, 21 Nov 2026 20:02:00 GMT", 120),
        ("Sat, 21 Nov 2026 20:02:00", 120),
        ("Sat, 21 Nov 2026 19:00:00 GMT", 1),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 3600),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("", None),
        ("٣٠", None),
    ],
)
def test_retry_after_is_read_in_both_forms_and_kept_within_bounds(asked: str, seconds: float | None) -> None:
    assert wait_of(asked, NOW) == seconds
