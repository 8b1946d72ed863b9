"""Bounces of our own making in the shapes of the large receivers, each with what it means."""

from __future__ import annotations

from typing import NamedTuple

from tocsin_channels.email.verdict import Verdict

DELIVERY = "mfrggzdfmztwq2lkmfrggzdfmztwq"
GONE, RETURNED, OURS = Verdict.GONE, Verdict.RETURNED, Verdict.OUR_FAULT
DELAYED, NOTHING, DELIVERED = Verdict.DELAYED, Verdict.NOTHING, Verdict.DELIVERED


class Bounce(NamedTuple):
    name: str
    raw: bytes
    verdict: Verdict


def report(name: str, verdict: Verdict, status: str, words: str, action: str = "failed") -> Bounce:
    """Return a report as RFC 3464 has it, by the mail server `name`."""
    said = f"Diagnostic-Code: smtp; {words}\n" if words else ""
    raw = f"""\
Return-Path: <>
X-Original-To: bounce-{DELIVERY}@bounces.acme.example
From: Mail Delivery System <MAILER-DAEMON@{name}.example>
To: bounce-{DELIVERY}@bounces.acme.example
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain; charset=utf-8

This is the mail system. Your message could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.{name}.example

Final-Recipient: rfc822; reader@example.com
Action: {action}
Status: {status}
{said}
--b
Content-Type: message/rfc822

Subject: [Investigating] Mailbox full, user unknown, spam blocked
From: status@acme.example

Our own words: the account does not exist, 550 5.1.1, blocked by policy.
--b--
"""
    return Bounce(name, raw.replace("\n", "\r\n").encode(), verdict)


def letter(name: str, verdict: Verdict, subject: str, words: str, sender: str = "", *more: str) -> Bounce:
    """Return a mail without a report; `sender` is who it is from, `more` are further headers."""
    lines = [
        f"From: {sender or f'Mail Delivery Subsystem <mailer-daemon@{name}.example>'}",
        f"To: bounce-{DELIVERY}@bounces.acme.example",
        f"Subject: {subject}",
        *more,
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "",
        words,
        "",
        "------ This is a copy of the message, including all the headers. ------",
        "Subject: [Investigating] Mailbox full, user unknown, spam blocked",
        "",
        "Our own words: the account does not exist, 550 5.1.1, blocked by policy.",
        "",
    ]
    return Bounce(name, "\r\n".join("\r\n".join(lines).splitlines()).encode(), verdict)


_READER = "Ada Reader <reader@example.com>"
_AUTO = "Auto-Submitted: auto-replied"

REPORTS = (
    report("gmail-unknown", GONE, "5.1.1", "550-5.1.1 The email account that you tried to reach does not exist."),
    report("gmail-disabled", GONE, "5.2.1", "550-5.2.1 The email account that you tried to reach is disabled."),
    report("gmail-full", RETURNED, "5.2.2", "552-5.2.2 The recipient's inbox is out of storage space and inactive."),
    report("gmail-rate", RETURNED, "4.2.1", "450-4.2.1 The user you are trying to contact is receiving mail too fast"),
    report("gmail-unauthenticated", OURS, "5.7.26", "550-5.7.26 Your email has been blocked, sender unauthenticated."),
    report("gmail-spam", OURS, "5.7.1", "550-5.7.1 Our system has detected that this message is likely unsolicited"),
    report("gmail-ptr", OURS, "5.7.25", "550-5.7.25 The IP address sending this message does not have a PTR record"),
    report("outlook-unknown", GONE, "5.5.0", "550 5.5.0 Requested action not taken: mailbox unavailable or unknown"),
    report("exchange-unknown", GONE, "5.1.10", "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found"),
    report("exchange-access", RETURNED, "5.4.1", "550 5.4.1 Recipient address rejected: try another gateway"),
    report("outlook-authentication", OURS, "5.7.515", "550 5.7.515 Access denied, sending domain does not meet"),
    report("outlook-blocked", OURS, "5.7.1", "550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent (S3140)"),
    report("exchange-dmarc", OURS, "5.7.509", "550 5.7.509 Access denied, sending domain does not pass DMARC"),
    report("exchange-group", OURS, "5.7.124", "550 5.7.124 Sender not allowed; not in the group's accepted senders"),
    report("exchange-full", RETURNED, "5.2.2", "554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceeded"),
    report("exchange-large", RETURNED, "5.2.3", "550 5.2.3 RESOLVER.RST.RecipSizeLimit; message too large"),
    report("exchange-expired", RETURNED, "4.4.7", "550 4.4.7 QUEUE.Expired; message expired"),
    report("yahoo-unknown", GONE, "5.0.0", "554 delivery error: dd This user doesn't have a yahoo.com account"),
    report("yahoo-disabled", GONE, "5.0.0", "554 delivery error: dd Sorry, your mailbox user is disabled"),
    report("yahoo-full", RETURNED, "5.0.0", "554 delivery error: dd Requested mail action aborted, mailbox over quota"),
    report("yahoo-deferred", RETURNED, "4.7.0", "421 4.7.0 [TSS04] Messages from 192.0.2.1 put on hold"),
    report("aol-spam", OURS, "5.7.9", "554 5.7.9 Message not accepted for policy reasons"),
    report("icloud-unknown", GONE, "5.1.1", "550 5.1.1 <reader@icloud.example>: user does not exist"),
    report("icloud-full", RETURNED, "5.2.2", "552 5.2.2 <reader@icloud.example>: user is over quota"),
    report("icloud-policy", OURS, "5.7.1", "554 5.7.1 [HM08] Message rejected due to local policy"),
    report("postfix-unknown", GONE, "5.1.1", "550 5.1.1 <reader@example.com>: Recipient rejected: User unknown"),
    report("postfix-no-host", RETURNED, "5.4.4", "Host or domain name not found. Name service error for example.com"),
    report("postfix-refused", RETURNED, "4.4.1", "connect to mx.example.com[192.0.2.2]:25: Connection refused"),
    report("postfix-relay", OURS, "5.7.1", "554 5.7.1 <reader@example.com>: Relay access denied"),
    report("postfix-helo", OURS, "5.7.1", "504 5.5.2 <us>: Helo command rejected: need fully-qualified hostname"),
    report("sendmail-unknown", GONE, "5.1.1", "550 5.1.1 <reader@example.com>... User unknown"),
    report("sendmail-closed", RETURNED, "5.3.2", "554 5.3.2 system not accepting network messages"),
    report("exim-unrouteable", RETURNED, "5.0.0", "Unrouteable address"),
    report("exim-unknown", GONE, "5.0.0", "550 No such user here"),
    report("gmx-unknown", GONE, "5.1.1", "550 Requested action not taken: mailbox unavailable. User unknown 5.1.1"),
    report("gmx-reputation", OURS, "5.0.0", "554 Transaction failed. Reject due to policy, bad reputation"),
    report("web-de-full", RETURNED, "5.2.2", "552 Requested mail action aborted: exceeded storage allocation"),
    report("t-online-rbl", OURS, "5.7.0", "554 IP=192.0.2.1 - A problem occurred. (Ask your postmaster) reputation"),
    report("proofpoint-unknown", GONE, "5.1.1", "550 5.1.1 User Unknown"),
    report(
        "proofpoint-blocked", OURS, "5.7.0", "554 5.7.0 Blocked - see https://ipcheck.proofpoint.example/?ip=192.0.2.1"
    ),
    report("mimecast-recipient", GONE, "5.0.0", "550 Invalid Recipient - https://community.mimecast.example"),
    report("mimecast-policy", OURS, "5.0.0", "554 Email rejected due to security policies"),
    report("barracuda", OURS, "5.7.1", "554 Service unavailable; Client host [192.0.2.1] blocked using Barracuda"),
    report("spamhaus-with-5.1.1", OURS, "5.7.1", "550 5.7.1 Service unavailable, listed by Spamhaus DNSBL"),
    report("loop", RETURNED, "5.4.6", "554 5.4.6 Too many hops 26 (25 max)"),
    report("no-diagnostic", RETURNED, "5.0.0", ""),
    report("null-mx", GONE, "5.1.10", "556 5.1.10 Recipient address has null MX"),
    report("greylisted", DELAYED, "4.2.0", "450 4.2.0 Greylisted, please try again", "delayed"),
    report("postfix-delay", DELAYED, "4.4.1", "connect to mx.example.com: Connection timed out", "delayed"),
    report("relayed", DELIVERED, "2.0.0", "250 2.0.0 Ok", "relayed"),
    report("delivered", DELIVERED, "2.1.5", "250 2.1.5 OK", "delivered"),
)
