"""What Amazon SES reports by SNS: believed where Amazon signed it for a topic of ours, and each kind's decision."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tocsin.domain.channel import Receipt, ReceiptKind
from tocsin.domain.errors import Refused
from tocsin_channels.email import ses_receipts
from tocsin_channels.email.ses_codes import BOUNCES, COMPLAINTS, EVENTS
from tocsin_channels.email.sns import Sns

TOPIC = "arn:aws:sns:eu-central-1:123456789012:tocsin"
CERTIFICATE = "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem"
CONFIRM = f"https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=abc"
DELIVERY = "mfrggzdfmztwq2lkmfrggzdfmztwq"


@cache
def amazon() -> tuple[rsa.RSAPrivateKey, bytes]:
    """Return a key and its certificate, as Amazon's own are."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, SHA256())
    )
    return key, made.public_bytes(Encoding.PEM)


class Amazon:
    """Stands in for the two things that are fetched from Amazon."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.sns = Sns([TOPIC], self.get)

    def get(self, url: str) -> bytes:
        self.asked.append(url)
        return amazon()[1]


def signed(version: str = "2", **said: str) -> bytes:
    """Return a message of SNS, signed as its documentation has it."""
    kind = said.setdefault("Type", "Notification")
    said = {"MessageId": "m-1", "TopicArn": TOPIC, "Timestamp": "2026-11-21T20:00:00.000Z"} | said
    names = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
    if kind != "Notification":
        names = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    text = "".join(f"{name}\n{said[name]}\n" for name in names if name in said)
    chosen = SHA1() if version == "1" else SHA256()
    signature = base64.b64encode(amazon()[0].sign(text.encode(), padding.PKCS1v15(), chosen)).decode()
    return json.dumps(
        {"SignatureVersion": version, "Signature": signature, "SigningCertURL": CERTIFICATE} | said
    ).encode()


def report(kind: str, *, key: str = "eventType", tagged: bool = True, **said: Any) -> str:
    mail: dict[str, Any] = {"messageId": "0102", "destination": ["ada@example.com"], "source": "status@acme.example"}
    if tagged:
        mail["tags"] = {"tocsin_delivery": [DELIVERY], "ses:source-ip": ["192.0.2.1"]}
    else:
        mail["headers"] = [{"name": "X-Tocsin-Delivery", "value": DELIVERY}]
    return json.dumps({key: kind, "mail": mail} | said)


def bounce(kind: str, *recipients: dict[str, str]) -> str:
    first, _, second = kind.partition("/")
    people = list(recipients) or [{"emailAddress": "ada@example.com"}]
    return report("Bounce", bounce={"bounceType": first, "bounceSubType": second, "bouncedRecipients": people})


def read(text: str) -> list[Receipt]:
    return list(ses_receipts.read(signed(Message=text), Amazon().sns))


@pytest.mark.parametrize("version", ["1", "2"])
def test_both_versions_of_the_signature_are_believed_and_the_certificate_is_fetched_once(version: str) -> None:
    there = Amazon()
    for _ in range(2):
        [receipt] = ses_receipts.read(signed(version, Message=report("Delivery")), there.sns)
        assert (receipt.delivery, receipt.kind, receipt.event) == (DELIVERY, ReceiptKind.DELIVERED, "m-1")
    assert there.asked == [CERTIFICATE]


@pytest.mark.parametrize(
    "said",
    [
        {"TopicArn": "arn:aws:sns:eu-central-1:666666666666:stranger"},
        {"SigningCertURL": "https://evil.example/SimpleNotificationService-0123456789abcdef.pem"},
        {"SigningCertURL": "https://sns.eu-central-1.amazonaws.com.evil.example/SimpleNotificationService-01.pem"},
        {"SigningCertURL": "https://sns.eu-central-1.amazonaws.com@evil.example/SimpleNotificationService-01.pem"},
        {"SigningCertURL": "http://sns.eu-central-1.amazonaws.com/SimpleNotificationService-01.pem"},
        {"SigningCertURL": "https://sns.eu-central-1.amazonaws.com/anything-else.pem"},
        {"SigningCertURL": "https://bucket.s3.amazonaws.com/SimpleNotificationService-01.pem"},
        {"SignatureVersion": "3"},
        {"Signature": "AAAA"},
        {"Message": report("Bounce")},
        {"MessageId": "another"},
        {"Type": "SubscriptionConfirmation"},
    ],
)
def test_what_is_changed_or_strange_is_refused_and_nothing_of_a_stranger_is_fetched(said: dict[str, str]) -> None:
    there = Amazon()
    forged = json.loads(signed(Message=report("Delivery"))) | said
    with pytest.raises(Refused):
        ses_receipts.read(json.dumps(forged).encode(), there.sns)
    assert set(there.asked) <= {CERTIFICATE}


@pytest.mark.parametrize("raw", [b"", b"<html>", b"[]", b"{}", b'"text"'])
def test_what_is_no_message_of_sns_is_refused(raw: bytes) -> None:
    with pytest.raises(Refused):
        ses_receipts.read(raw, Amazon().sns)


def test_without_topics_nothing_is_taken() -> None:
    with pytest.raises(Refused, match=r"email\.ses_topics"):
        ses_receipts.read(signed(Message=report("Delivery")), Sns([]))


def confirmation(**said: str) -> bytes:
    return signed(Type="SubscriptionConfirmation", Message="You have chosen …", Token="abc", **said)


def test_a_subscription_to_our_own_topic_is_confirmed() -> None:
    there = Amazon()
    assert ses_receipts.read(confirmation(SubscribeURL=CONFIRM), there.sns) == []
    assert there.asked == [CERTIFICATE, CONFIRM]


def test_a_strangers_subscription_is_not_confirmed_though_amazon_signed_it() -> None:
    there = Amazon()
    with pytest.raises(Refused):
        ses_receipts.read(confirmation(SubscribeURL=CONFIRM, TopicArn="arn:aws:sns:eu-central-1:6:theirs"), there.sns)
    with pytest.raises(Refused):
        ses_receipts.read(confirmation(SubscribeURL="https://evil.example/?Action=ConfirmSubscription"), there.sns)
    assert there.asked == [CERTIFICATE]


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
