"""What SendGrid reports: believed where it is signed, and each kind's decision."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tocsin.domain.channel import Receipt, ReceiptKind
from tocsin.domain.errors import Refused
from tocsin_channels.email import sendgrid_receipts
from tocsin_channels.email.sendgrid_codes import CLASSIFICATIONS, DROPS, EVENTS

DELIVERY = "mfrggzdfmztwq2lkmfrggzdfmztwq"
SECRET = ec.generate_private_key(ec.SECP256R1())
PUBLIC = base64.b64encode(SECRET.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
GONE = (ReceiptKind.BOUNCED, False, False)
RETURNED = (ReceiptKind.BOUNCED, True, False)
OURS = (ReceiptKind.BOUNCED, True, True)
STOP = (ReceiptKind.OPTED_OUT, False, False)


def signed(raw: bytes, timestamp: str = "1700000000") -> dict[str, str]:
    signature = base64.b64encode(SECRET.sign(timestamp.encode() + raw, ec.ECDSA(SHA256()))).decode()
    return {
        "X-Twilio-Email-Event-Webhook-Signature": signature,
        "X-Twilio-Email-Event-Webhook-Timestamp": timestamp,
    }


def read(*events: dict[str, Any]) -> list[Receipt]:
    told = [
        {"tocsin_delivery": DELIVERY, "sg_event_id": f"e{n}", "email": "a@b.example"} | e for n, e in enumerate(events)
    ]
    raw = json.dumps(told).encode()
    return list(sendgrid_receipts.read(raw, signed(raw), PUBLIC))


def decisions(receipts: list[Receipt]) -> list[tuple[ReceiptKind, bool, bool]]:
    assert all(receipt.delivery == DELIVERY for receipt in receipts)
    return [(receipt.kind, receipt.keeps_address, receipt.our_fault) for receipt in receipts]


EXPECTED: dict[str, list[tuple[ReceiptKind, bool, bool]]] = {
    "processed": [],
    "open": [],
    "click": [],
    "group_resubscribe": [],
    "account_status_change": [],
    "deferred": [(ReceiptKind.DELAYED, False, False)],
    "delivered": [(ReceiptKind.DELIVERED, False, False)],
    "spamreport": [(ReceiptKind.COMPLAINED, False, False)],
    "unsubscribe": [STOP],
    "group_unsubscribe": [STOP],
}
CLASSIFIED = {
    "invalid address": [GONE],
    "mailbox unavailable": [RETURNED],
    "technical": [RETURNED],
    "content": [OURS],
    "reputation": [OURS],
    "frequency or volume too high": [OURS],
    "unclassified": [RETURNED],
}
DROPPED = {
    "bounced address": [RETURNED],
    "invalid": [GONE],
    "spam reporting address": [RETURNED, STOP],
    "unsubscribed address": [RETURNED, STOP],
    "spam content": [OURS],
    "spam content (if spam checker app enabled)": [OURS],
    "recipient list over package quota": [OURS],
    "invalid smtpapi header": [OURS],
}


def test_every_row_is_asserted() -> None:
    assert (set(EVENTS), set(CLASSIFICATIONS), set(DROPS)) == (set(EXPECTED), set(CLASSIFIED), set(DROPPED))


@pytest.mark.parametrize("kind", EXPECTED)
def test_an_event_means(kind: str) -> None:
    assert decisions(read({"event": kind})) == EXPECTED[kind]


@pytest.mark.parametrize("named", CLASSIFIED)
def test_a_classified_bounce_means(named: str) -> None:
    event = {"event": "bounce", "type": "bounce", "bounce_classification": named.title(), "reason": "550 unlucky"}
    assert decisions(read(event)) == CLASSIFIED[named]


@pytest.mark.parametrize("reason", DROPPED)
def test_what_was_dropped_means(reason: str) -> None:
    assert decisions(read({"event": "dropped", "reason": reason.title()})) == DROPPED[reason]


@pytest.mark.parametrize(
    ("kind", "status", "words", "decision"),
    [
        ("bounce", "5.1.1", "550 5.1.1 The email account that you tried to reach does not exist.", GONE),
        ("bounce", "5.0.0", "550 5.0.0 no such user here", GONE),
        ("bounce", "5.2.2", "552 5.2.2 mailbox full", RETURNED),
        ("bounce", "5.7.26", "550 5.7.26 unauthenticated", OURS),
        ("bounce", "", "550 Service unavailable; client host blocked using Spamhaus", OURS),
        ("blocked", "5.1.1", "550 5.1.1 user unknown", RETURNED),
        ("blocked", "4.7.1", "451 4.7.1 greylisted", RETURNED),
        ("bounce", "5.4.4", "unable to get mx info", RETURNED),
    ],
)
def test_the_receiving_servers_words_decide(kind: str, status: str, words: str, decision: tuple[Any, ...]) -> None:
    assert decisions(read({"event": "bounce", "type": kind, "status": status, "reason": words})) == [decision]


def test_several_events_a_post_each_with_its_name() -> None:
    receipts = read({"event": "processed"}, {"event": "deferred"}, {"event": "delivered"})
    assert [receipt.event for receipt in receipts] == ["e1", "e2"]


def test_what_is_not_signed_is_refused() -> None:
    raw = b'[{"event": "delivered"}]'
    strange = base64.b64encode(ec.generate_private_key(ec.SECP256R1()).sign(b"0" + raw, ec.ECDSA(SHA256()))).decode()
    later = signed(raw) | {"X-Twilio-Email-Event-Webhook-Timestamp": "1700000001"}
    for headers in ({}, signed(b"[]"), later, signed(raw) | {"X-Twilio-Email-Event-Webhook-Signature": strange}):
        with pytest.raises(Refused):
            sendgrid_receipts.read(raw, headers, PUBLIC)
    with pytest.raises(Refused, match=r"email\.sendgrid_verification_key"):
        sendgrid_receipts.read(raw, signed(raw), "")


@pytest.mark.parametrize("raw", [b"", b"{}", b"<html>", b"[]", b'"text"'])
def test_what_is_no_list_of_events_is_refused(raw: bytes) -> None:
    with pytest.raises(Refused):
        sendgrid_receipts.read(raw, signed(raw), PUBLIC)


@pytest.mark.parametrize("key", ["nonsense", "AAAA", base64.b64encode(b"x" * 91).decode()])
def test_a_key_that_cannot_be_read_is_named(key: str) -> None:
    with pytest.raises(Refused) as caught:
        sendgrid_receipts.public_key(key)
    assert caught.value.field == "email.sendgrid_verification_key"
