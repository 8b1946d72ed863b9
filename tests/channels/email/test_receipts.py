"""Bounces as mail servers write them."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable

import pytest

from mail_to_send import RECEIPT_TOKEN
from tocsin.domain.channel import ReceiptKind
from tocsin.domain.errors import Refused
from tocsin_channels.email.channel import EmailChannel

ChannelTo = Callable[..., EmailChannel]
KNOWN = {"authorization": f"Bearer {RECEIPT_TOKEN}"}
URL = "http://127.0.0.1:8000/receipts/smtp"
DELIVERY = "mfrggzdfmztwq2lkmfrggzdfmztwq"


def bounce(action: str, status: str, address: str = f"To: bounce-{DELIVERY}@bounces.acme.example") -> bytes:
    return f"""\
{address}
From: MAILER-DAEMON@mx.example
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I'm sorry to have to inform you.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example
Arrival-Date: Sat, 21 Nov 2026 20:00:00 +0000

Final-Recipient: rfc822; nobody@example.com
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 {status}
 in the server's own words

--b
Content-Type: text/rfc822-headers

Subject: [Investigating] Checkout is failing
--b--
""".replace("\n", "\r\n").encode()


@pytest.mark.parametrize(
    ("action", "status", "kind"),
    [
        ("failed", "5.1.1", ReceiptKind.BOUNCED),
        ("failed", "5.0.0", ReceiptKind.BOUNCED),
        ("failed", "5.7.1", ReceiptKind.BOUNCED),
        ("failed", "5.7.26", ReceiptKind.BOUNCED),
        ("failed", "5.2.2", ReceiptKind.BOUNCED),
        ("failed", "4.4.7", ReceiptKind.BOUNCED),
        ("delayed", "4.4.1", ReceiptKind.DELAYED),
        ("delivered", "2.0.0", ReceiptKind.DELIVERED),
        ("relayed", "2.0.0", ReceiptKind.DELIVERED),
    ],
)
def test_a_report_means(action: str, status: str, kind: ReceiptKind, channel_to: ChannelTo) -> None:
    (receipt,) = channel_to(25).read_receipt(bounce(action, status), KNOWN, URL)
    assert (receipt.delivery, receipt.kind, receipt.code) == (DELIVERY, kind, status)
    assert receipt.note == f"smtp; 550 {status} in the server's own words"


@pytest.mark.parametrize("header", ["X-Original-To", "Delivered-To", "Envelope-To", "To"])
def test_the_delivery_is_found_wherever_the_server_notes_the_recipient(header: str, channel_to: ChannelTo) -> None:
    mail = bounce("failed", "5.1.1", f"{header}: <BOUNCE-{DELIVERY.upper()}@Bounces.Acme.Example>")
    assert channel_to(25).read_receipt(mail, KNOWN, URL)[0].delivery == DELIVERY


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer guess"}, {"Authorization": f"Basic {RECEIPT_TOKEN}"}]
)
def test_nobody_else_may_report(headers: dict[str, str], channel_to: ChannelTo) -> None:
    with pytest.raises(Refused, match="Authorization"):
        channel_to(25).read_receipt(bounce("failed", "5.1.1"), headers, URL)


@pytest.mark.parametrize(
    "mail",
    [
        b"",
        b"\xff\x00\r\n",
        b"Subject: hello\r\n\r\nthis is a person's answer",
        bounce("failed", "5.1.1", "To: status@acme.example"),
    ],
)
def test_what_is_no_report_is_refused_with_a_reason(mail: bytes, channel_to: ChannelTo) -> None:
    with pytest.raises(Refused):
        channel_to(25).read_receipt(mail, KNOWN, URL)


def test_what_a_machine_or_a_person_writes_back_changes_nothing(channel_to: ChannelTo) -> None:
    mail = f"To: bounce-{DELIVERY}@x.example\r\n\r\nout of office".encode()
    assert channel_to(25).read_receipt(mail, KNOWN, URL) == []


@pytest.mark.parametrize("mark", ["Auto-Submitted: auto-replied", "Precedence: auto_reply", "X-Autoreply: yes", ""])
def test_who_is_away_may_write_what_they_like(mark: str, channel_to: ChannelTo) -> None:
    mail = f"""\
To: bounce-{DELIVERY}@x.example
From: Someone <someone@example.com>
Subject: Out of office: mail to me cannot be delivered
{mark or "X-Mailer: mine"}

550 5.1.1 user unknown: Someone is no longer with us, and this mailbox does not exist.
"""
    assert channel_to(25).read_receipt(mail.encode(), KNOWN, URL) == []


def test_what_the_server_noted_is_surer_than_what_the_sender_wrote(channel_to: ChannelTo) -> None:
    other = DELIVERY[::-1]
    mail = bounce("failed", "5.1.1", f"To: bounce-{other}@x.example\nX-Original-To: bounce-{DELIVERY}@x.example")
    assert channel_to(25).read_receipt(mail, KNOWN, URL)[0].delivery == DELIVERY


@pytest.mark.parametrize(
    ("subject", "body", "kind"),
    [
        ("deliver" * 30_000, "x", "plain"),
        ("x", "-" * 200_000, "plain"),
        ("x", "<" * 200_000, "html"),
    ],
)
def test_a_bounce_made_to_be_hard_to_read_is_read_in_no_time(
    subject: str, body: str, kind: str, channel_to: ChannelTo
) -> None:
    head = f"To: bounce-{DELIVERY}@x.example\nFrom: mailer-daemon@x.example\nSubject: {subject}\n"
    kinds = f"Content-Type: text/{kind}\nContent-Transfer-Encoding: base64\n\n"
    mail = (head + kinds).encode() + base64.encodebytes(body.encode())
    began = time.process_time()
    assert channel_to(25).read_receipt(mail, KNOWN, URL) == []
    assert time.process_time() - began < 10  # was hours


def test_a_failure_without_a_status_takes_nobody_from_the_list(channel_to: ChannelTo) -> None:
    (receipt,) = channel_to(25).read_receipt(bounce("failed", "what"), KNOWN, URL)
    assert (receipt.kind, receipt.keeps_address) == (ReceiptKind.BOUNCED, True)
