"""Whoever carries a message may say what no table of ours has: it is tried again, and reported by its code."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from amazon import Amazon, report, signed
from tocsin.domain.channel import Receipt, ReceiptKind
from tocsin.domain.errors import AddressDead, DeliveryError, ProviderDown, TryAgain
from tocsin.domain.tally import count
from tocsin_channels.calling.caller import Answer as Called
from tocsin_channels.chat import slack_answers, teams_answers
from tocsin_channels.email import mailgun_receipts, postmark_receipts, sendgrid_receipts, ses_receipts
from tocsin_channels.email.answers import Reply, Stage, classify
from tocsin_channels.email.mailgun_codes import MAILGUN
from tocsin_channels.email.postmark_codes import POSTMARK
from tocsin_channels.email.sendgrid_codes import SENDGRID
from tocsin_channels.email.ses_codes import SES
from tocsin_channels.push import answers as push
from tocsin_channels.sms.twilio_codes import TWILIO
from tocsin_channels.sms.vonage_codes import VONAGE
from tocsin_channels.social import bluesky, mastodon, x
from tocsin_channels.social.answers import Answer, read_table
from tocsin_channels.webhook import answers as webhook

SENDGRIDS = ec.generate_private_key(ec.SECP256R1())
NOW = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
ANSWERED: dict[str, tuple[str, object]] = {
    "smtp": ("5.9.9", classify(Reply(550, "5.9.9 new"), Stage.RCPT)),
    "smtp, without an enhanced code": ("577", classify(Reply(577, "new"), Stage.DOT)),
    "ses": ("NewException", SES.refusal("NewException", "new", status=400)),
    "sendgrid": ("418", SENDGRID.refusal("418", "new", status=418)),
    "mailgun": ("418", MAILGUN.refusal("418", "new", status=418)),
    "postmark": ("999", POSTMARK.refusal("999", "new", status=999)),
    "twilio": ("39999", TWILIO.refusal(39999, "new")),
    "twilio, without a code": ("none", TWILIO.refusal(None, "new")),
    "vonage": ("77", VONAGE.refusal(77, "new")),
    "webhook": ("418", webhook.judge(418, None, NOW)),
    "push": ("418", push.judge(Called(418, None, b""), NOW)),
    "x": ("418", read_table(x.TABLE, Answer(418, "new"), "X")),
    "mastodon": ("418", read_table(mastodon.TABLE, Answer(418, "new"), "Mastodon")),
    "bluesky": ("418", read_table(bluesky.TABLE, Answer(418, "new"), "Bluesky")),
    "slack": ("new_code", slack_answers.api_error("new_code", 200, None)),
    "slack, without a code": ("500", slack_answers.api_error("", 500, None)),
    "slack's webhook": ("418", slack_answers.webhook_error("new_code", 418, None)),
    "teams": ("418", teams_answers.read(418, "new", None)),
    "teams, by name": ("NewCode", teams_answers.read(418, '{"error": {"code": "NewCode"}}', None)),
    "teams, within a 200": ("200", teams_answers.read(200, "new", None)),
}


@pytest.mark.parametrize("who", ANSWERED)
def test_an_answer_that_no_table_has_is_tried_again_and_reported(who: str) -> None:
    code, error = ANSWERED[who]
    assert type(error) is TryAgain
    assert error.unlisted == code
    assert any(words in error.note for words in ("not in our table", "no code", "nothing that we can", "answered 200"))


LISTED: list[object] = [
    classify(Reply(550, "5.1.1 gone"), Stage.RCPT),
    classify(Reply(451, "4.3.0 later"), Stage.RCPT),
    SES.refusal("InternalFailure", "oops", status=500),
    TWILIO.refusal(30008, "unknown"),
    webhook.judge(500, None, NOW),
    push.judge(Called(500, None, b""), NOW),
    read_table(x.TABLE, Answer(500, "oops"), "X"),
    slack_answers.api_error("internal_error", 200, None),
    teams_answers.read(500, "", None),
]


@pytest.mark.parametrize("error", LISTED, ids=str)
def test_what_a_table_has_is_not_reported(error: object) -> None:
    assert isinstance(error, DeliveryError)
    assert getattr(error, "unlisted", "") == ""


def ses(kind: str, **said: Any) -> Sequence[Receipt]:
    return ses_receipts.read(signed(Message=report(kind, **said)), Amazon().sns)


def sendgrid(**said: object) -> Sequence[Receipt]:
    raw = json.dumps([{"tocsin_delivery": "abc", "sg_event_id": "e1", **said}]).encode()
    signature = base64.b64encode(SENDGRIDS.sign(b"1" + raw, ec.ECDSA(SHA256()))).decode()
    headers = {
        "X-Twilio-Email-Event-Webhook-Signature": signature,
        "X-Twilio-Email-Event-Webhook-Timestamp": "1",
    }
    shown = SENDGRIDS.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return sendgrid_receipts.read(raw, headers, base64.b64encode(shown).decode())


def mailgun(**said: object) -> Sequence[Receipt]:
    signature = {"timestamp": "1", "token": "t", "signature": hmac.digest(b"key", b"1t", "sha256").hex()}
    event = {"user-variables": {"tocsin_delivery": "abc"}, **said}
    return mailgun_receipts.read(json.dumps({"signature": signature, "event-data": event}).encode(), "key", now=1.0)


def postmark(**said: object) -> Sequence[Receipt]:
    known = {"Authorization": "Basic aG9vazpzM2NyZXQ="}
    raw = json.dumps({"MessageID": "b7bc", "Metadata": {"tocsin_delivery": "abc"}, **said}).encode()
    return postmark_receipts.read(raw, known, "hook", "s3cret")


NEVER_SEEN: dict[str, object] = {"bounceType": "Permanent", "bounceSubType": "New", "bouncedRecipients": []}
REPORTED: dict[str, tuple[str, Callable[[], Sequence[Receipt]]]] = {
    "ses, an event": ("NewEvent", lambda: ses("NewEvent")),
    "ses, a bounce": ("Permanent/New", lambda: ses("Bounce", bounce=NEVER_SEEN)),
    "ses, a complaint": ("new", lambda: ses("Complaint", complaint={"complaintFeedbackType": "new"})),
    "sendgrid, an event": ("new", lambda: sendgrid(event="new")),
    "sendgrid, a bounce": ("New", lambda: sendgrid(event="bounce", bounce_classification="New", reason="550 no")),
    "sendgrid, a drop": ("dropped: New", lambda: sendgrid(event="dropped", reason="New")),
    "mailgun, an event": ("new", lambda: mailgun(event="new")),
    "mailgun, a reason": ("new", lambda: mailgun(event="failed", severity="permanent", reason="new")),
    "postmark, a record": ("New", lambda: postmark(RecordType="New")),
    "postmark, a bounce": ("Bounce New", lambda: postmark(RecordType="Bounce", Type="New", ID=1)),
    "postmark, a change": (
        "SubscriptionChange New",
        lambda: postmark(RecordType="SubscriptionChange", SuppressSending=True, SuppressionReason="New"),
    ),
}


@pytest.mark.parametrize("who", REPORTED)
def test_a_report_that_no_table_has_is_reported_and_keeps_the_address(who: str) -> None:
    code, read = REPORTED[who]
    [receipt] = read()
    assert receipt.unlisted == code
    assert f"{code} is not in our table" in receipt.note
    assert receipt.kind is not ReceiptKind.OPTED_OUT
    assert receipt.kind is not ReceiptKind.BOUNCED or (receipt.keeps_address and receipt.may_pass)


# Every table of answers, and which of its codes take a recipient from the list; each is the recipient's own.
SUPPRESSES: dict[str, set[object]] = {
    "ses": {"illegal address"},
    "sendgrid": {"to"},
    "mailgun": {"not a valid address"},
    "postmark": {"406", "invalid 'to'"},
    "twilio": {21211, 21217, 21610, 21614, 21635, 30004, 30005, 30006},
    "vonage": {7, 33},
    "webhook": {410},
    "push": {404, 410},
    "slack": {"channel_not_found", "is_archived", "user_not_found", "user_disabled"},
    "slack's webhook": {
        "no_service", "no_team", "no_active_hooks", "no_service_id", "invalid_token", "team_disabled",
        "action_prohibited", "posting_to_general_channel_denied", "channel_not_found", "channel_is_archived",
    },
    "teams": {401, 403, 404, 410},
}  # fmt: skip
TABLES: dict[str, dict[object, type[DeliveryError] | None]] = {
    "ses": {code: known.decision for code, known in SES.codes.items()},
    "sendgrid": {code: known.decision for code, known in SENDGRID.codes.items()},
    "mailgun": {code: known.decision for code, known in MAILGUN.codes.items()},
    "postmark": {code: known.decision for code, known in POSTMARK.codes.items()},
    "twilio": {code: known.decision for code, known in TWILIO.codes.items()},
    "vonage": {code: known.decision for code, known in VONAGE.codes.items()},
    "webhook": {code: known.kind for code, known in webhook.DECISIONS.items()},
    "push": {code: known.kind for code, known in push.DECISIONS.items()},
    "slack": {code: known.kind for code, known in slack_answers.API.items()},
    "slack's webhook": {code: known.kind for code, known in slack_answers.WEBHOOK.items()},
    "teams": {code: known.kind for code, known in teams_answers.STATUSES.items()},
}


@pytest.mark.parametrize("who", TABLES)
def test_nothing_else_takes_a_recipient_from_the_list(who: str) -> None:
    stops = {code for code, kind in TABLES[who].items() if kind is not None and issubclass(kind, AddressDead)}
    assert stops == SUPPRESSES[who]


@pytest.mark.parametrize("who", TABLES)
def test_what_is_our_fault_counts_against_the_provider_and_what_is_a_recipients_does_not(who: str) -> None:
    for kind in TABLES[who].values():
        if kind is ProviderDown:
            assert (count([kind("why")]).faults, count([kind("why")]).good) == (1, 0)
        elif kind is not None and issubclass(kind, AddressDead):
            assert (count([kind("why")]).bad, count([kind("why")]).good) == (0, 1)
