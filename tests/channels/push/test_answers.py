"""The table of answers, row by row against what RFC 8030 and the push services' manuals say."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tocsin.domain.channel import Accepted, Result
from tocsin.domain.errors import AddressDead, Ambiguous, DeliveryError, GiveUp, ProviderDown, TooFast, TryAgain
from tocsin_channels.calling.caller import Answer
from tocsin_channels.push.answers import DECISIONS, judge

NOW = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)


def said(status: int, retry_after: str | None = None, body: bytes = b"") -> Result:
    return judge(Answer(status, retry_after, body), NOW)


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_what_was_taken_is_accepted(status: int) -> None:
    assert said(status) == Accepted(code=status)


@pytest.mark.parametrize(
    ("kind", "statuses"),
    [
        (GiveUp, [400, 405, 411, 413, 415, 422]),
        (ProviderDown, [401, 403]),
        (AddressDead, [404, 410]),
        (TooFast, [429]),
        (TryAgain, [301, 302, 303, 307, 308, 406, 408, 412, 500, 501, 502, 503, 504]),
    ],
)
def test_each_code_has_its_decision(kind: type[DeliveryError], statuses: list[int]) -> None:
    assert [status for status in DECISIONS if type(said(status)) is kind] == statuses
    for status in statuses:
        result = said(status)
        assert isinstance(result, DeliveryError)
        assert result.code == status
        assert result.note.startswith(f"Answered {status}: ")


def test_nothing_but_404_and_410_ends_a_subscription() -> None:
    assert [status for status in range(100, 600) if isinstance(said(status), AddressDead)] == [404, 410]


@pytest.mark.parametrize("status", [402, 409, 418, 451, 599])
def test_a_code_that_is_not_listed_is_tried_again_and_says_so(status: int) -> None:
    result = said(status)
    assert type(result) is TryAgain
    assert "not in our table" in result.note


@pytest.mark.parametrize("body", [b"<html>Sign in to the hotel's network</html>", b'{"error":"no"}', b"\xff\xfe"])
def test_200_with_words_is_no_push_services_answer(body: bytes) -> None:
    assert type(said(200, body=body)) is Ambiguous
    assert said(201, body=body) == Accepted(code=201)


@pytest.mark.parametrize("status", [406, 429, 502, 503, 504])
def test_who_asks_for_patience_gets_half_a_minute_unless_they_name_it(status: int) -> None:
    asked, named = said(status), said(status, "7")
    assert isinstance(asked, TryAgain)
    assert isinstance(named, TryAgain)
    assert (asked.retry_after, named.retry_after) == (30, 7)


def test_a_key_that_is_not_taken_is_nobodys_fault_but_ours_and_says_what_to_mend() -> None:
    result = said(403, "60")
    assert isinstance(result, ProviderDown)
    assert result.retry_after == 60
    assert "push.private_key" in result.note
    assert "push.contact" in result.note
