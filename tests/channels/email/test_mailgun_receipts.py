"""What Mailgun reports: believed where it is signed and of today, and each kind's decision."""

from __future__ import annotations

import hmac
import json
import time
from typing import Any

import pytest

from tocsin.domain.channel import Receipt, ReceiptKind
from tocsin.domain.errors import Refused
from tocsin_channels.email import mailgun_receipts
from tocsin_channels.email.mailgun_codes import DELIVERY_CODES, EVENTS, REASONS

KEY = "the signing key"
DELIVERY = "mfrggzdfmztwq2lkmfrggzdfmztwq"
GONE = (ReceiptKind.BOUNCED, False, False)
RETURNED = (ReceiptKind.BOUNCED, True, False)
OURS = (ReceiptKind.BOUNCED, True, True)
DELAYED = (ReceiptKind.DELAYED, False, False)
STOP = (ReceiptKind.OPTED_OUT, False, False)


def posted(key: str = KEY, stamp: str = "", token: str = "t" * 50, **event: Any) -> bytes:
    stamp = stamp or str(int(time.time()))
    signature = hmac.digest(key.encode(), f"{stamp}{token}".encode(), "sha256").hex()
    data = {"id": "x", "user-variables": {"tocsin_delivery": DELIVERY}} | event
    return json.dumps(
        {"signature": {"timestamp": stamp, "token": token, "signature": signature}, "event-data": data}
    ).encode()


def decisions(raw: bytes) -> list[tuple[ReceiptKind, bool, bool]]:
    receipts: list[Receipt] = list(mailgun_receipts.read(raw, KEY))
    assert all(receipt.delivery == DELIVERY for receipt in receipts)
    return [(receipt.kind, receipt.keeps_address, receipt.our_fault) for receipt in receipts]


def failed(reason: str = "bounce", code: int = 550, words: str = "no such user here", enhanced: str = "") -> bytes:
    status = {"code": code, "message": words, "enhanced-code": enhanced}
    said: dict[str, Any] = {"event": "failed", "severity": "permanent", "reason": reason, "delivery-status": status}
    return posted(**said)


EXPECTED: dict[str, list[tuple[ReceiptKind, bool, bool]]] = {
    "accepted": [],
    "stored": [],
    "opened": [],
    "clicked": [],
    "list_member_uploaded": [],
    "delivered": [(ReceiptKind.DELIVERED, False, False)],
    "rejected": [OURS],
    "complained": [(ReceiptKind.COMPLAINED, False, False)],
    "unsubscribed": [STOP],
    "failed/temporary": [DELAYED],
}
BY_REASON = {
    "bounce": [GONE],  # as the words have it: "no such user here"
    "delayed-bounce": [GONE],
    "generic": [GONE],
    "hardfail": [GONE],
    "old": [RETURNED],
    "greylisted": [RETURNED],
    "espblock": [OURS],
    "suppress-bounce": [RETURNED],
    "suppress-complaint": [RETURNED, STOP],
    "suppress-unsubscribe": [RETURNED, STOP],
}
BY_CODE = {602: [RETURNED], 605: [RETURNED], 606: [RETURNED, STOP], 607: [RETURNED, STOP]}


def test_every_row_is_asserted() -> None:
    assert (set(EVENTS), set(REASONS), set(DELIVERY_CODES)) == (set(EXPECTED), set(BY_REASON), set(BY_CODE))


@pytest.mark.parametrize("kind", EXPECTED)
def test_an_event_means(kind: str) -> None:
    event, _, severity = kind.partition("/")
    assert decisions(posted(event=event, severity=severity)) == EXPECTED[kind]


@pytest.mark.parametrize("reason", BY_REASON)
def test_a_permanent_failure_means(reason: str) -> None:
    assert decisions(failed(reason)) == BY_REASON[reason]


@pytest.mark.parametrize("code", BY_CODE)
def test_mailguns_own_codes_say_more_than_the_reason(code: int) -> None:
    assert decisions(failed("bounce", code, "Not delivering to previously bounced address")) == BY_CODE[code]


@pytest.mark.parametrize(
    ("words", "enhanced", "decision"),
    [
        ("5.7.26 This mail is unauthenticated", "", OURS),
        ("our policy refuses this", "5.7.1", OURS),
        ("mailbox full", "5.2.2", RETURNED),
        ("no mailbox here by that name", "5.1.1", GONE),
        ("something went wrong", "", RETURNED),
    ],
)
def test_the_receiving_servers_words_decide(words: str, enhanced: str, decision: tuple[Any, ...]) -> None:
    assert decisions(failed("bounce", 550, words, enhanced)) == [decision]


def test_a_report_is_named_by_its_token_since_its_id_is_only_good_for_a_day() -> None:
    [receipt] = mailgun_receipts.read(posted(token="abc", event="delivered"), KEY)
    assert receipt.event == "abc"


@pytest.mark.parametrize(
    "raw",
    [
        posted(key="another key", event="delivered"),
        posted(stamp=str(int(time.time()) - 90_000), event="delivered"),
        posted(stamp=str(int(time.time()) + 90_000), event="delivered"),
        posted(stamp="soon", event="delivered"),
        posted(token="", event="delivered"),
        b"",
        b"[]",
        b"<html>",
        b'{"signature": "odd"}',
    ],
)
def test_what_is_not_signed_or_not_of_today_is_refused(raw: bytes) -> None:
    with pytest.raises(Refused):
        mailgun_receipts.read(raw, KEY)


def test_without_a_key_nothing_is_taken() -> None:
    with pytest.raises(Refused, match=r"email\.mailgun_signing_key"):
        mailgun_receipts.read(posted(key="", event="delivered"), "")
