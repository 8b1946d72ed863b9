"""What Amazon SES reports by SNS: each kind's decision."""

from __future__ import annotations

import json

import pytest

from amazon import DELIVERY, Amazon, report, signed
from tocsin.domain.channel import Receipt, ReceiptKind
from tocsin_channels.email import ses_receipts
from tocsin_channels.email.ses_codes import BOUNCES, COMPLAINTS, EVENTS


def bounce(kind: str, *recipients: dict[str, str]) -> str:
    first, _, second = kind.partition("/")
    people = list(recipients) or [{"emailAddress": "ada@example.com"}]
    return report("Bounce", bounce={"bounceType": first, "bounceSubType": second, "bouncedRecipients": people})


def read(text: str) -> list[Receipt]:
    return list(ses_receipts.read(signed(Message=text), Amazon().sns))


# (kind, address kept, our fault) of what comes of each.
GONE = (ReceiptKind.BOUNCED, False, False)
RETURNED = (ReceiptKind.BOUNCED, True, False)
OURS = (ReceiptKind.BOUNCED, True, True)
DELAYED = (ReceiptKind.DELAYED, False, False)
STOP = (ReceiptKind.OPTED_OUT, False, False)
BOUNCED = {
    "Permanent/General": [GONE],
    "Permanent/NoEmail": [GONE],
    "Permanent/Suppressed": [RETURNED],
    "Permanent/OnAccountSuppressionList": [RETURNED],
    "Permanent/UnsubscribedRecipient": [RETURNED, STOP],
    "Transient/General": [DELAYED],
    "Transient/MailboxFull": [RETURNED],
    "Transient/MessageTooLarge": [RETURNED],
    "Transient/CustomTimeoutExceeded": [RETURNED],
    "Transient/ContentRejected": [RETURNED],
    "Transient/AttachmentRejected": [RETURNED],
    "Undetermined/Undetermined": [RETURNED],
}


def decisions(receipts: list[Receipt]) -> list[tuple[ReceiptKind, bool, bool]]:
    assert all(receipt.delivery == DELIVERY for receipt in receipts)
    return [(receipt.kind, receipt.keeps_address, receipt.our_fault) for receipt in receipts]


def test_every_row_is_asserted() -> None:
    assert set(BOUNCES) == set(BOUNCED)
    assert set(COMPLAINTS) == set(COMPLAINED)
    assert set(EVENTS) == set(OTHERS)


@pytest.mark.parametrize("kind", BOUNCED)
def test_a_bounce_means(kind: str) -> None:
    assert decisions(read(bounce(kind))) == BOUNCED[kind]


COMPLAINED = {
    "": [(ReceiptKind.COMPLAINED, False, False)],
    "abuse": [(ReceiptKind.COMPLAINED, False, False)],
    "fraud": [(ReceiptKind.COMPLAINED, False, False)],
    "virus": [(ReceiptKind.COMPLAINED, False, False)],
    "other": [(ReceiptKind.COMPLAINED, False, False)],
    "auth-failure": [(ReceiptKind.DELAYED, False, True)],
    "not-spam": [(ReceiptKind.DELIVERED, False, False)],
    "OnAccountSuppressionList": [RETURNED, STOP],
}


@pytest.mark.parametrize("kind", COMPLAINED)
def test_a_complaint_means(kind: str) -> None:
    name = "complaintSubType" if kind == "OnAccountSuppressionList" else "complaintFeedbackType"
    assert decisions(read(report("Complaint", complaint={name: kind or None}))) == COMPLAINED[kind]


OTHERS = {
    "AmazonSnsSubscriptionSucceeded": [],
    "Send": [],
    "Open": [],
    "Click": [],
    "Delivery": [(ReceiptKind.DELIVERED, False, False)],
    "DeliveryDelay": [DELAYED],
    "Subscription": [STOP],
    "Reject": [OURS],
    "Rendering Failure": [OURS],
}


@pytest.mark.parametrize("key", ["eventType", "notificationType"])
@pytest.mark.parametrize("kind", OTHERS)
def test_an_event_means(kind: str, key: str) -> None:
    assert decisions(read(report(kind, key=key, deliveryDelay={"delayType": "MailboxFull"}))) == OTHERS[kind]


def test_what_blames_us_never_takes_an_address_from_the_list() -> None:
    words = "smtp; 550 5.7.26 This mail is unauthenticated"
    blamed = {"emailAddress": "ada@example.com", "status": "5.7.26", "diagnosticCode": words}
    assert decisions(read(bounce("Permanent/General", blamed))) == [OURS]


def test_behind_an_alias_only_the_address_itself_dies() -> None:
    others = [{"emailAddress": f"colleague{n}@example.com", "status": "5.1.1"} for n in range(2)]
    receipts = read(bounce("Permanent/General", *others, {"emailAddress": "ADA@example.com", "status": "5.1.1"}))
    assert decisions(receipts) == [RETURNED, RETURNED, GONE]
    assert len({receipt.event for receipt in receipts}) == 3


def test_notifications_of_an_identity_name_the_delivery_in_a_header() -> None:
    assert decisions(read(report("Delivery", key="notificationType", tagged=False))) == OTHERS["Delivery"]


def test_what_names_no_delivery_or_is_no_report_changes_nothing() -> None:
    assert read("Successfully validated SNS topic for Amazon SES event publishing.") == []
    assert read(json.dumps({"eventType": "Delivery", "mail": {"tags": []}})) == []
    assert read(json.dumps({"eventType": "Bounce", "mail": None, "bounce": "odd"})) == []
