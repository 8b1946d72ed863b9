"""What Slack's refusals mean: one table for its Web API, one for incoming webhooks, checked line by line.

Sources: https://docs.slack.dev/reference/methods/chat.postMessage, …/chat.update and
https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from tocsin.domain.errors import AddressDead, DeliveryError, GiveUp, ProviderDown, TooFast, TryAgain
from tocsin.domain.printable import printable


class Meaning(NamedTuple):
    kind: type[DeliveryError]
    words: str


_MEND = "Make a new bot token and set chat.slack_bot_token."
_OURS = "This is a fault of ours."

# The Web API answers 200 and {"ok": false, "error": "…"}.
API: Final[Mapping[str, Meaning]] = {
    "channel_not_found": Meaning(AddressDead, "there is no such channel, or it is private and the bot is not in it"),
    "is_archived": Meaning(AddressDead, "the channel is archived"),
    "user_not_found": Meaning(AddressDead, "there is no such user"),
    "user_disabled": Meaning(AddressDead, "the user was deactivated"),
    "not_in_channel": Meaning(GiveUp, "the bot is not in the channel. Type /invite @the-bot there."),
    "restricted_action": Meaning(GiveUp, "the workspace's rules keep the bot from posting there"),
    "restricted_action_read_only_channel": Meaning(GiveUp, "the channel is read-only"),
    "restricted_action_thread_only_channel": Meaning(GiveUp, "only replies in threads may be posted there"),
    "restricted_action_non_threadable_channel": Meaning(GiveUp, "no threads may be posted there"),
    "restricted_action_thread_locked": Meaning(GiveUp, "the thread is locked"),
    "cannot_reply_to_message": Meaning(GiveUp, "the first post cannot have a thread"),
    "thread_not_found": Meaning(GiveUp, "the first post is gone"),
    "message_not_found": Meaning(GiveUp, "the first post is gone"),
    "messages_tab_disabled": Meaning(GiveUp, "the bot's messages tab is off. Switch it on in its App Home."),
    "msg_too_long": Meaning(GiveUp, f"the text is too long. {_OURS}"),
    "msg_blocks_too_long": Meaning(GiveUp, f"the blocks are too long. {_OURS}"),
    "invalid_blocks": Meaning(GiveUp, f"the blocks are not valid. {_OURS}"),
    "invalid_blocks_format": Meaning(GiveUp, f"the blocks are not valid. {_OURS}"),
    "no_text": Meaning(GiveUp, f"the message has no text. {_OURS}"),
    "too_many_attachments": Meaning(GiveUp, f"the message has too many attachments. {_OURS}"),
    "attachment_payload_limit_exceeded": Meaning(GiveUp, f"the attachments are too large. {_OURS}"),
    "invalid_metadata_format": Meaning(GiveUp, f"the metadata is not valid. {_OURS}"),
    "invalid_metadata_schema": Meaning(GiveUp, f"the metadata is not valid. {_OURS}"),
    "metadata_too_large": Meaning(GiveUp, f"the metadata is too large. {_OURS}"),
    "invalid_arguments": Meaning(GiveUp, f"the call is not valid. {_OURS}"),
    "invalid_arg_name": Meaning(GiveUp, f"the call is not valid. {_OURS}"),
    "invalid_array_arg": Meaning(GiveUp, f"the call is not valid. {_OURS}"),
    "invalid_charset": Meaning(GiveUp, f"the call is not valid. {_OURS}"),
    "invalid_form_data": Meaning(GiveUp, f"the call is not valid. {_OURS}"),
    "invalid_post_type": Meaning(GiveUp, f"the call is not valid. {_OURS}"),
    "missing_post_type": Meaning(GiveUp, f"the call is not valid. {_OURS}"),
    "as_user_not_supported": Meaning(GiveUp, f"the call is not valid. {_OURS}"),
    "not_authed": Meaning(ProviderDown, f"no token was sent. {_MEND}"),
    "invalid_auth": Meaning(ProviderDown, f"the token is not valid, or our address is not allowed. {_MEND}"),
    "account_inactive": Meaning(ProviderDown, f"the bot or its workspace was deactivated. {_MEND}"),
    "token_revoked": Meaning(ProviderDown, f"the token was revoked. {_MEND}"),
    "token_expired": Meaning(ProviderDown, f"the token has expired. {_MEND}"),
    "missing_scope": Meaning(ProviderDown, "the token may not do this. Give the app the scopes chat:write and others."),
    "not_allowed_token_type": Meaning(ProviderDown, f"this is no bot token (xoxb-…). {_MEND}"),
    "no_permission": Meaning(ProviderDown, "the token may not do this. Ask the workspace's administrators."),
    "access_denied": Meaning(ProviderDown, "the token may not do this. Ask the workspace's administrators."),
    "accesslimited": Meaning(ProviderDown, "Slack is not open to our network. Ask the workspace's administrators."),
    "ekm_access_denied": Meaning(ProviderDown, "administrators have suspended posting"),
    "enterprise_is_restricted": Meaning(ProviderDown, "the organisation does not allow this"),
    "org_login_required": Meaning(ProviderDown, "the workspace is being moved into an organisation"),
    "two_factor_setup_required": Meaning(ProviderDown, "the workspace asks for two-factor authentication"),
    "team_access_not_granted": Meaning(ProviderDown, "the app was not granted this workspace"),
    "method_deprecated": Meaning(ProviderDown, "Slack does not know the call any more"),
    "deprecated_endpoint": Meaning(ProviderDown, "Slack does not know the call any more"),
    "unknown_method": Meaning(ProviderDown, "Slack does not know the call. Look at chat.slack_url."),
    "ratelimited": Meaning(TooFast, "more was posted than Slack takes"),
    "rate_limited": Meaning(TooFast, "more was posted than Slack takes"),
    "message_limit_exceeded": Meaning(TooFast, "more was posted than the workspace may"),
    "team_added_to_org": Meaning(TryAgain, "the workspace is being moved into an organisation"),
    "internal_error": Meaning(TryAgain, "Slack stumbled"),
    "fatal_error": Meaning(TryAgain, "Slack stumbled"),
    "service_unavailable": Meaning(TryAgain, "Slack is not available"),
    "request_timeout": Meaning(TryAgain, "our request did not reach Slack whole"),
}

# The thread cannot be gone on in: the update begins another one.
THREAD_GONE: Final = frozenset(
    {
        "thread_not_found",
        "message_not_found",
        "cannot_reply_to_message",
        "restricted_action_thread_locked",
        "restricted_action_non_threadable_channel",
    }
)

# An incoming webhook answers with a status and one of these as plain text.
WEBHOOK: Final[Mapping[str, Meaning]] = {
    "no_service": Meaning(AddressDead, "the webhook is gone or was switched off"),
    "no_team": Meaning(AddressDead, "the webhook's workspace is gone"),
    "no_active_hooks": Meaning(AddressDead, "the webhook was switched off"),
    "no_service_id": Meaning(AddressDead, "the webhook's URL is not whole"),
    "invalid_token": Meaning(AddressDead, "the webhook's URL is not valid any more"),
    "team_disabled": Meaning(AddressDead, "the webhook's workspace was switched off"),
    "action_prohibited": Meaning(AddressDead, "the workspace's rules keep the webhook from posting there"),
    "posting_to_general_channel_denied": Meaning(AddressDead, "the webhook may not post to the general channel"),
    "channel_not_found": Meaning(AddressDead, "the webhook's channel is gone"),
    "channel_is_archived": Meaning(AddressDead, "the webhook's channel is archived"),
    "user_not_found": Meaning(GiveUp, "the webhook's user is gone"),
    "invalid_payload": Meaning(GiveUp, f"the message is not valid. {_OURS}"),
    "invalid_blocks": Meaning(GiveUp, f"the blocks are not valid. {_OURS}"),
    "invalid_blocks_format": Meaning(GiveUp, f"the blocks are not valid. {_OURS}"),
    "missing_text_or_fallback_or_attachments": Meaning(GiveUp, f"the message has no text. {_OURS}"),
    "no_text": Meaning(GiveUp, f"the message has no text. {_OURS}"),
    "too_many_attachments": Meaning(GiveUp, f"the message has too many attachments. {_OURS}"),
    "msg_too_long": Meaning(GiveUp, f"the text is too long. {_OURS}"),
    "rollup_error": Meaning(TryAgain, "Slack stumbled"),
    "rate_limited": Meaning(TooFast, "more was posted than Slack takes"),
}
# Its status, where its words are none of these: a proxy's page with 403 or 404 is no proof that a webhook is gone.
WEBHOOK_STATUSES: Final[Mapping[int, Meaning]] = {
    400: Meaning(GiveUp, f"it cannot read the message. {_OURS}"),
    405: Meaning(GiveUp, f"it takes no POST. {_OURS}"),
    410: Meaning(AddressDead, "the webhook or its channel is gone"),
}

TOO_MANY: Final = 429


def api_error(code: str, status: int, retry_after: float | None) -> DeliveryError:
    """Return what to do next where the Web API answered `status` and the error `code` ("" where it named none)."""
    meaning = API.get(code)
    if meaning is None:
        told = f"{code!r}, which is not in our table" if code else f"HTTP {status} and nothing that we can read"
        return _unlisted(f"Slack answered {told}.", code or str(status), status, retry_after)
    return _error(meaning, f"Slack: {code}, {meaning.words}", status, retry_after)


def webhook_error(text: str, status: int, retry_after: float | None) -> DeliveryError:
    """Return what to do next where an incoming webhook answered `status` and `text`."""
    code = text.strip()
    if (meaning := WEBHOOK.get(code)) is not None:
        return _error(meaning, f"Slack's webhook: {code}, {meaning.words}", status, retry_after)
    answered = f"The webhook answered {status} and {shown(code)}"
    if (meaning := WEBHOOK_STATUSES.get(status)) is not None:
        return _error(meaning, f"{answered}: {meaning.words}", status, retry_after)
    return _unlisted(f"{answered}, which is not in our table.", str(status), status, retry_after)


def _unlisted(note: str, code: str, status: int, retry_after: float | None) -> TryAgain:
    """Return what to do where no table has `code`; a webhook's words are anybody's, so its status is shown for them."""
    if status == TOO_MANY:
        return TooFast(note, code=status, retry_after=retry_after)
    return TryAgain(note, code=status, retry_after=retry_after, unlisted=code)


def shown(text: str, longest: int = 120) -> str:
    """Return an answer as a note may hold it: one printable line of bounded length."""
    words = printable(text, longest)
    if words.startswith("a page of HTML"):
        return words
    return repr(words) if words else "nothing"


def _error(meaning: Meaning, note: str, status: int, retry_after: float | None) -> DeliveryError:
    note = note if note.endswith(".") else f"{note}."
    if issubclass(meaning.kind, TryAgain):
        return meaning.kind(note, code=status, retry_after=retry_after)
    return meaning.kind(note, code=status)
