"""Bounces: what a mail server told us later, read from the report it mailed back (RFC 3464)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32

from tocsin.domain.channel import Receipt, ReceiptKind
from tocsin.domain.errors import Refused

# Where mail servers note whom a message was for, the surest first: a bounce is for bounce-<delivery>@….
_ADDRESSED = ("X-Original-To", "Delivered-To", "Envelope-To", "X-Envelope-To", "To")
_TOKEN = re.compile(r"bounce-([a-z0-9]{16,128})@", re.IGNORECASE)
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_NOTE_CHARACTERS = 300
_FULL = "5.2.2"
_LATER = {
    "5.3.1",
    "5.4.5",
    "5.4.7",
}  # the system is full, congestion, delivery time expired: nobody said that none is there


def read(raw: bytes) -> Sequence[Receipt]:
    """Return what the bounce `raw` says of the delivery it came back for; raise Refused where it says nothing."""
    mail = BytesParser(policy=compat32).parsebytes(raw)
    delivery = _delivery(mail)
    fields = next(_reports(mail), None)
    if fields is None:
        raise Refused("This is no delivery report: it has no part of the type message/delivery-status (RFC 3464).")
    status = _STATUS.search(str(fields.get("Status", "")))
    action = str(fields.get("Action", "")).strip().lower()
    if status is None:
        raise Refused("This delivery report has no Status field, such as Status: 5.1.1.")
    return [Receipt(delivery, _kind(action, status[0]), status[0], _note(fields, status[0]))]


def _delivery(mail: Message) -> str:
    for header in _ADDRESSED:
        for value in mail.get_all(header, []):
            if found := _TOKEN.search(str(value)):
                return found[1].lower()
    raise Refused(
        "This message was not sent to a bounce address of ours (bounce-…@), so it cannot be about a delivery."
    )


def _reports(mail: Message) -> Iterator[Message]:
    """Yield the groups of fields that are about a recipient."""
    for part in mail.walk():
        if part.get_content_type() == "message/delivery-status":
            # Such a part reads as a list of messages, one for each group of fields.
            yield from (group for group in part.walk() if group is not part and "Action" in group)


def _kind(action: str, status: str) -> ReceiptKind:
    if action in {"delivered", "relayed", "expanded"} or status.startswith("2."):
        return ReceiptKind.DELIVERED
    if action == "delayed" or status.startswith("4."):
        return ReceiptKind.DELAYED
    if status.startswith("5.7.") or status == _FULL or status in _LATER:
        return ReceiptKind.DELAYED
    return ReceiptKind.BOUNCED


def _note(fields: Message, status: str) -> str:
    words = str(fields.get("Diagnostic-Code", "")) or f"status {status}"
    printable = "".join(character if character.isprintable() else " " for character in words)
    return " ".join(printable.split())[:_NOTE_CHARACTERS]
