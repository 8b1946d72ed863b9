"""What refusals mean, line by line: Slack's codes, its webhooks' words, Teams' statuses."""

from __future__ import annotations

import pytest

from tocsin.domain.errors import AddressDead, DeliveryError, GiveUp, ProviderDown, TooFast, TryAgain
from tocsin_channels.chat import teams_answers
from tocsin_channels.chat.slack_answers import (
    API,
    THREAD_GONE,
    WEBHOOK,
    WEBHOOK_STATUSES,
    api_error,
    webhook_error,
)

API_DECISIONS: dict[type[DeliveryError], set[str]] = {
    AddressDead: {"channel_not_found", "is_archived", "user_not_found", "user_disabled"},
    GiveUp: {
        "not_in_channel", "restricted_action", "restricted_action_read_only_channel",
        "restricted_action_thread_only_channel", "restricted_action_non_threadable_channel",
        "restricted_action_thread_locked", "cannot_reply_to_message", "thread_not_found", "message_not_found",
        "messages_tab_disabled", "msg_too_long", "msg_blocks_too_long", "invalid_blocks", "invalid_blocks_format",
        "no_text", "too_many_attachments", "attachment_payload_limit_exceeded", "invalid_metadata_format",
        "invalid_metadata_schema", "metadata_too_large", "invalid_arguments", "invalid_arg_name", "invalid_array_arg",
        "invalid_charset", "invalid_form_data", "invalid_post_type", "missing_post_type", "as_user_not_supported",
    },
    ProviderDown: {
        "not_authed", "invalid_auth", "account_inactive", "token_revoked", "token_expired", "missing_scope",
        "not_allowed_token_type", "no_permission", "access_denied", "accesslimited", "ekm_access_denied",
        "enterprise_is_restricted", "org_login_required", "two_factor_setup_required", "team_access_not_granted",
        "method_deprecated", "deprecated_endpoint", "unknown_method",
    },
    TooFast: {"ratelimited", "rate_limited", "message_limit_exceeded"},
    TryAgain: {
        "team_added_to_org", "internal_error", "fatal_error",
        "service_unavailable", "request_timeout",
    },
}  # fmt: skip
# Status and words: 403, 404 and 410 end the webhook, 400 is a fault of ours, and the rest may pass.
WEBHOOK_DECISIONS: list[tuple[int, str, type[DeliveryError]]] = [
    (400, "invalid_payload", GiveUp),
    (400, "user_not_found", GiveUp),
    (400, "invalid_blocks", GiveUp),
    (400, "invalid_blocks_format", GiveUp),
    (400, "missing_text_or_fallback_or_attachments", GiveUp),
    (400, "no_text", GiveUp),
    (400, "too_many_attachments", GiveUp),
    (400, "msg_too_long", GiveUp),
    (403, "action_prohibited", AddressDead),
    (403, "invalid_token", AddressDead),
    (403, "posting_to_general_channel_denied", AddressDead),
    (403, "team_disabled", AddressDead),
    (404, "no_service", AddressDead),
    (404, "no_service_id", AddressDead),
    (404, "no_team", AddressDead),
    (404, "no_active_hooks", AddressDead),
    (404, "channel_not_found", AddressDead),
    (410, "channel_is_archived", AddressDead),
    (429, "rate_limited", TooFast),
    (500, "rollup_error", TryAgain),
]
# The status alone, where the words are no word of Slack's.
STATUS_DECISIONS: list[tuple[int, type[DeliveryError]]] = [
    (400, GiveUp),
    (403, TryAgain),
    (404, TryAgain),
    (405, GiveUp),
    (410, AddressDead),
    (429, TooFast),
    (500, TryAgain),
    (503, TryAgain),
]
TEAMS_CODES: dict[str, type[DeliveryError]] = {
    "WorkflowTriggerIsNotEnabled": GiveUp,
    "TriggerInputSchemaMismatch": GiveUp,
    "RequestEntityTooLarge": GiveUp,
    "WorkflowNotFound": AddressDead,
    "DirectApiAuthorizationRequired": AddressDead,
    "InvalidSharedAccessSignature": AddressDead,
}
TEAMS_DECISIONS: list[tuple[int, type[DeliveryError]]] = [
    (400, GiveUp),
    (401, AddressDead),
    (403, AddressDead),
    (404, AddressDead),
    (405, GiveUp),
    (408, TryAgain),
    (409, TryAgain),
    (410, AddressDead),
    (413, GiveUp),
    (415, GiveUp),
    (429, TooFast),
    (500, TryAgain),
    (502, TryAgain),
    (503, TryAgain),
    (504, TryAgain),
]


@pytest.mark.parametrize(("kind", "codes"), API_DECISIONS.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_every_code_of_the_web_api_has_its_decision(kind: type[DeliveryError], codes: set[str]) -> None:
    assert {code for code, meaning in API.items() if meaning.kind is kind} == codes
    for code in codes:
        error = api_error(code, 200, 7.0)
        assert type(error) is kind
        assert code in error.note
        assert error.note.endswith(".")
        assert getattr(error, "retry_after", 7.0) == 7.0


def test_no_code_is_forgotten() -> None:
    assert set(API) == set().union(*API_DECISIONS.values())
    assert set(WEBHOOK) == {text for _, text, _ in WEBHOOK_DECISIONS}
    assert set(WEBHOOK_STATUSES) <= {status for status, _ in STATUS_DECISIONS}
    assert set(teams_answers.CODES) == set(TEAMS_CODES)
    assert set(teams_answers.STATUSES) == {status for status, _ in TEAMS_DECISIONS}
    assert set(API) >= THREAD_GONE


@pytest.mark.parametrize(("status", "text", "kind"), WEBHOOK_DECISIONS)
def test_every_word_of_a_webhook_has_its_decision(status: int, text: str, kind: type[DeliveryError]) -> None:
    error = webhook_error(f"{text}\n", status, 3.0)
    assert type(error) is kind
    assert error.code == status
    assert text in error.note


@pytest.mark.parametrize("text", ["", "brand_new", "<html>Forbidden</html>"])
@pytest.mark.parametrize(("status", "kind"), STATUS_DECISIONS)
def test_a_webhook_without_a_word_that_we_know_is_judged_by_its_status(
    status: int, kind: type[DeliveryError], text: str
) -> None:
    error = webhook_error(text, status, 3.0)
    assert type(error) is kind
    assert error.code == status
    assert f"answered {status}" in error.note
    assert getattr(error, "retry_after", 3.0) == 3.0


@pytest.mark.parametrize(("status", "kind"), TEAMS_DECISIONS)
def test_every_status_of_a_workflow_has_its_decision(status: int, kind: type[DeliveryError]) -> None:
    assert type(teams_answers.read(status, "", 3.0)) is kind


@pytest.mark.parametrize(("status", "kind"), [one for one in TEAMS_DECISIONS if one[0] >= 400])
def test_what_hides_in_a_200_is_read_as_if_it_had_been_said(status: int, kind: type[DeliveryError]) -> None:
    body = f"Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error {status} with Id"
    error = teams_answers.read(200, body, None)
    assert type(error) is kind
    assert error is not None
    assert error.code == status


@pytest.mark.parametrize("status", [401, 403, 404, 200])
def test_a_page_of_somebody_elses_is_no_proof_that_a_workflow_is_gone(status: int) -> None:
    error = teams_answers.read(status, "<html><title>Error 404</title>Not found, error 404.</html>", 3.0)
    assert type(error) is TryAgain
    assert error.unlisted == str(status)
    assert error.retry_after == 3.0


@pytest.mark.parametrize(("status", "body"), [(202, ""), (202, "anything"), (200, ""), (200, "1"), (200, " ok\n")])
def test_a_card_that_was_taken_is_no_error(status: int, body: str) -> None:
    assert teams_answers.read(status, body, None) is None


@pytest.mark.parametrize(
    "error",
    [
        api_error("brand_new", 200, None),
        api_error("", 500, None),
        webhook_error("brand_new", 418, None),
        webhook_error("<html>\x1b[31m" + "x" * 9_000, 503, None),
        teams_answers.read(418, "<html>", None),
        teams_answers.read(200, "<html>", None),
    ],
)
def test_what_no_table_has_is_tried_again_and_says_so(error: DeliveryError) -> None:
    assert type(error) is TryAgain
    assert error.note.isprintable()
    assert len(error.note) < 250
    assert "not in our table" in error.note or "nothing that we can read" in error.note or "answered 200" in error.note


@pytest.mark.parametrize(("code", "kind"), TEAMS_CODES.items())
def test_what_a_workflow_says_more_exactly_counts(code: str, kind: type[DeliveryError]) -> None:
    error = teams_answers.read(400, f'{{"error":{{"code":"{code}","message":"…"}}}}', None)
    assert type(error) is kind
    assert code in str(error)
