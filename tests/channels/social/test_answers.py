"""Each network's table, row by row against what the reference decides of it."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest

from tocsin.domain.errors import DeliveryError, GiveUp, ProviderDown, TooFast, TryAgain
from tocsin_channels.social import bluesky, mastodon, x
from tocsin_channels.social.answers import Answer, Meaning, Row, read_table

AGAIN, NEVER, OURS = TryAgain, GiveUp, ProviderDown


CASES: list[tuple[tuple[Row, ...], int, str, type[DeliveryError] | Meaning]] = [
    (x.TABLE, 400, "One or more parameters to your request was invalid.", NEVER),
    (x.TABLE, 400, "You attempted to reply to a Tweet that is deleted or not visible to you.", Meaning.THREAD_GONE),
    (x.TABLE, 401, "Unauthorized", OURS),
    (x.TABLE, 402, "Your enrolled account does not have any credits to fulfill this request.", OURS),
    (
        x.TABLE,
        403,
        "You are not allowed to create a Tweet with duplicate content.",
        Meaning.ALREADY_THERE,
    ),
    (x.TABLE, 403, "Client Forbidden: client-not-enrolled", OURS),
    (x.TABLE, 403, "Your client app is not configured with the appropriate oauth1 app permissions", OURS),
    (x.TABLE, 403, "Your account is suspended", OURS),
    (x.TABLE, 403, "Tweet needs to be a bit shorter.", NEVER),
    (x.TABLE, 404, "", OURS),
    (x.TABLE, 429, "Too Many Requests", TooFast),
    (x.TABLE, 403, "You attempted to reply to a Tweet that is deleted or not visible to you.", Meaning.THREAD_GONE),
    (x.TABLE, 500, "", AGAIN),
    (x.TABLE, 502, "", AGAIN),
    (x.TABLE, 504, "", AGAIN),
    (x.TABLE, 503, "", AGAIN),
    (mastodon.TABLE, 401, "The access token is invalid", OURS),
    (mastodon.TABLE, 403, "This action is outside the authorized scopes", OURS),
    (mastodon.TABLE, 404, "Record not found", Meaning.THREAD_GONE),
    (mastodon.TABLE, 422, "Validation failed: Text character limit of 500 exceeded", NEVER),
    (mastodon.TABLE, 429, "Too many requests", TooFast),
    (mastodon.TABLE, 410, "", OURS),
    (mastodon.TABLE, 413, "Request Entity Too Large", NEVER),
    (mastodon.TABLE, 500, "", AGAIN),
    (mastodon.TABLE, 502, "", AGAIN),
    (mastodon.TABLE, 503, "", AGAIN),
    (mastodon.TABLE, 504, "", AGAIN),
    (bluesky.TABLE, 400, "ExpiredToken Token has expired", Meaning.SIGN_IN_AGAIN),
    (bluesky.TABLE, 400, "InvalidRequest Invalid record", NEVER),
    (bluesky.TABLE, 401, "AuthenticationRequired Invalid identifier or password", Meaning.SIGN_IN_AGAIN),
    (bluesky.TABLE, 401, "AuthFactorTokenRequired A sign in code has been sent", OURS),
    (bluesky.TABLE, 400, "InvalidToken Token could not be verified", Meaning.SIGN_IN_AGAIN),
    (bluesky.TABLE, 401, "AccountTakedown Account has been taken down", OURS),
    (bluesky.TABLE, 403, "Forbidden", OURS),
    (bluesky.TABLE, 404, "XRPCNotSupported", OURS),
    (bluesky.TABLE, 409, "", AGAIN),
    (bluesky.TABLE, 413, "PayloadTooLarge", NEVER),
    (bluesky.TABLE, 501, "MethodNotImplemented", OURS),
    (bluesky.TABLE, 429, "RateLimitExceeded", TooFast),
    (bluesky.TABLE, 500, "InternalServerError", AGAIN),
    (bluesky.TABLE, 502, "UpstreamFailure", AGAIN),
    (bluesky.TABLE, 503, "NotEnoughResources", AGAIN),
    (bluesky.TABLE, 504, "UpstreamTimeout", AGAIN),
]


@pytest.mark.parametrize("table", [x.TABLE, mastodon.TABLE, bluesky.TABLE])
def test_no_row_is_left_out(table: tuple[Row, ...]) -> None:
    read = {
        next(row for row in table if row.status == status and row.words in said.lower())
        for of, status, said, _ in CASES
        if of is table
    }
    assert read == set(table)


@pytest.mark.parametrize(("table", "status", "said", "meaning"), CASES)
def test_what_a_refusal_means(
    table: tuple[Row, ...], status: int, said: str, meaning: type[DeliveryError] | Meaning
) -> None:
    found = read_table(table, Answer(status, said), "The network")
    assert found is meaning if isinstance(meaning, Meaning) else type(found) is meaning


@pytest.mark.parametrize(
    ("table", "status", "said", "do"),
    [
        (x.TABLE, 401, "Unauthorized", "Make a new access token"),
        (x.TABLE, 402, "Your enrolled account does not have any credits.", "Buy credits"),
        (mastodon.TABLE, 401, "The access token was revoked", "Make a new access token"),
        (mastodon.TABLE, 403, "This action is outside the authorized scopes", "write:statuses"),
        (bluesky.TABLE, 401, "AuthFactorTokenRequired A sign in code has been sent", "Make an app password"),
        (bluesky.TABLE, 401, "AccountTakedown Account has been taken down", "ask Bluesky's moderators"),
    ],
)
def test_where_an_operator_can_mend_it_the_note_says_how(
    table: tuple[Row, ...], status: int, said: str, do: str
) -> None:
    found = read_table(table, Answer(status, said), "The network")
    assert isinstance(found, DeliveryError)
    told, _, mend = found.note.partition(f"{said.rstrip('.')}. ")
    assert told == f"The network refused: {status} "
    assert do in mend
    assert mend.endswith((".", "?"))


@pytest.mark.parametrize("table", [x.TABLE, mastodon.TABLE, bluesky.TABLE])
def test_every_row_that_is_our_fault_says_what_to_do(table: tuple[Row, ...]) -> None:
    assert [row for row in table if (row.kind is ProviderDown) != bool(row.mend)] == []


@pytest.mark.parametrize("table", [x.TABLE, mastodon.TABLE, bluesky.TABLE])
def test_an_answer_that_is_not_in_the_table_may_pass_and_says_so(table: tuple[Row, ...]) -> None:
    for status in (302, 418, 599):
        found = read_table(table, Answer(status, "I am a teapot\x00\n", 5.0), "The network")
        assert type(found) is TryAgain
        assert "not in our table" in found.note
        assert found.note.isprintable()
        assert found.code == status
        assert found.retry_after == 5.0


@pytest.mark.parametrize("table", [x.TABLE, mastodon.TABLE, bluesky.TABLE])
@pytest.mark.parametrize("wait", [86_401.0, 1e12, math.inf])
def test_no_account_is_left_alone_for_longer_than_a_day(table: tuple[Row, ...], wait: float) -> None:
    for status in (429, 503, 599):
        found = read_table(table, Answer(status, "", wait), "The network")
        assert isinstance(found, TryAgain)
        assert found.retry_after == 86_400.0


@pytest.mark.parametrize("table", [x.TABLE, mastodon.TABLE, bluesky.TABLE])
def test_every_row_can_be_reached(table: tuple[Row, ...]) -> None:
    for place, row in enumerate(table):
        first = next(one for one in table if one.status == row.status and one.words in row.words)
        assert first is row, f"row {place} is hidden by an earlier one"


def test_a_bluesky_record_is_named_by_time_and_message() -> None:
    at = datetime(2026, 11, 21, 20, 5, tzinfo=UTC)
    key = bluesky.record_key(at, "update.endpoint")
    assert len(key) == 13
    assert set(key) <= set("234567abcdefghijklmnopqrstuvwxyz")
    assert key == bluesky.record_key(at, "update.endpoint")
    assert key != bluesky.record_key(at, "update.other")
    assert key < bluesky.record_key(at.replace(minute=6), "update.endpoint")
