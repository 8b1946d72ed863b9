"""What Postmark reports: believed where it knows our password, and each kind's decision."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tocsin.domain.channel import Receipt, ReceiptKind
from tocsin.domain.errors import Refused
from tocsin_channels.email import postmark_receipts
from tocsin_channels.email.postmark_codes import BOUNCES, SUPPRESSIONS

DELIVERY = "mfrggzdfmztwq2lkmfrggzdfmztwq"
KNOWN = {"Authorization": "Basic " + base64.b64encode(b"hook:s3cret").decode()}
GONE = (ReceiptKind.BOUNCED, False, False)
RETURNED = (ReceiptKind.BOUNCED, True, False)
OURS = (ReceiptKind.BOUNCED, True, True)
DELAYED = (ReceiptKind.DELAYED, False, False)
STOP = (ReceiptKind.OPTED_OUT, False, False)
SPAM = (ReceiptKind.COMPLAINED, False, False)


def read(kind: str, **said: Any) -> list[Receipt]:
    raw = json.dumps({"RecordType": kind, "MessageID": "b7bc", "Metadata": {"tocsin_delivery": DELIVERY}} | said)
    return list(postmark_receipts.read(raw.encode(), KNOWN, "hook", "s3cret"))


def decisions(receipts: list[Receipt]) -> list[tuple[ReceiptKind, bool, bool]]:
    assert all(receipt.delivery == DELIVERY for receipt in receipts)
    return [(receipt.kind, receipt.keeps_address, receipt.our_fault) for receipt in receipts]


BOUNCED: dict[str, list[tuple[ReceiptKind, bool, bool]]] = {
    "HardBounce": [GONE],
    "SoftBounce": [RETURNED],
    "Transient": [DELAYED],
    "DnsError": [DELAYED],
    "AutoResponder": [],
    "AddressChange": [],
    "Subscribe": [],
    "OpenRelayTest": [],
    "ChallengeVerification": [DELAYED],
    "Unsubscribe": [STOP],
    "SpamComplaint": [SPAM],
    "SpamNotification": [OURS],
    "Blocked": [OURS],
    "DMARCPolicy": [OURS],
    "VirusNotification": [RETURNED],
    "BadEmailAddress": [GONE],
    "ManuallyDeactivated": [RETURNED],
    "Unconfirmed": [RETURNED],
    "SMTPApiError": [OURS],
    "TemplateRenderingFailed": [OURS],
    "InboundError": [],
    "Unknown": [RETURNED],
}
SUPPRESSED: dict[str, list[tuple[ReceiptKind, bool, bool]]] = {
    "HardBounce": [],
    "SpamComplaint": [SPAM],
    "ManualSuppression": [STOP],
}


def test_every_row_is_asserted() -> None:
    assert (set(BOUNCES), set(SUPPRESSIONS)) == (set(BOUNCED), set(SUPPRESSED))


@pytest.mark.parametrize("kind", BOUNCED)
def test_a_bounce_means(kind: str) -> None:
    assert decisions(read("Bounce", Type=kind, ID=7, Details="smtp;550 unlucky")) == BOUNCED[kind]


@pytest.mark.parametrize("why", SUPPRESSED)
def test_a_change_of_a_subscription_means(why: str) -> None:
    assert decisions(read("SubscriptionChange", SuppressSending=True, SuppressionReason=why)) == SUPPRESSED[why]


def test_nobody_is_written_to_again_because_postmark_would_deliver_again() -> None:
    assert read("SubscriptionChange", SuppressSending=False, SuppressionReason="ManualSuppression") == []


def test_the_rest() -> None:
    assert decisions(read("Delivery", DeliveredAt="2026-11-21T20:00:00Z")) == [(ReceiptKind.DELIVERED, False, False)]
    assert decisions(read("SpamComplaint", ID=8)) == [SPAM]
    assert read("Open") == []
    assert read("Delivery", Metadata="odd") == []


def test_a_hard_bounce_that_blames_us_keeps_the_address() -> None:
    words = (
        "smtp;550 5.7.515 Access denied, sending domain acme.example does not meet the required authentication level"
    )
    assert decisions(read("Bounce", Type="HardBounce", ID=9, Details=words)) == [OURS]


def test_two_bounces_of_one_message_have_names_of_their_own() -> None:
    [soft], [hard] = read("Bounce", Type="SoftBounce", ID=1), read("Bounce", Type="HardBounce", ID=2)
    assert soft.event != hard.event


@pytest.mark.parametrize("header", ["", "Basic aG9vazp3cm9uZw==", "Bearer s3cret", "Basic ???", "Basic ünïcode"])
def test_who_does_not_know_the_password_is_refused(header: str) -> None:
    with pytest.raises(Refused):
        postmark_receipts.read(b'{"RecordType": "Delivery"}', {"Authorization": header}, "hook", "s3cret")


def test_without_a_password_nothing_is_taken() -> None:
    empty = {"Authorization": "Basic " + base64.b64encode(b":").decode()}
    with pytest.raises(Refused, match=r"email\.postmark_webhook_user"):
        postmark_receipts.read(b"{}", empty, "", "")


@pytest.mark.parametrize("raw", [b"", b"[]", b"<html>", b"{}"])
def test_what_is_no_report_is_refused(raw: bytes) -> None:
    with pytest.raises(Refused):
        postmark_receipts.read(raw, KNOWN, "hook", "s3cret")
