"""What Vonage reports of its messages, and of people who answer: signed with the account's signature secret.

Vonage posts forms or JSON, as the account has it. Signature: https://developer.vonage.com/en/getting-started/concepts/
signing-messages, with HMAC-SHA256.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, cast
from urllib.parse import parse_qsl

from vonage_http_client.auth import Auth

from tocsin.domain.channel import Receipt, ReceiptKind
from tocsin.domain.errors import AddressDead, OptedOut, Refused
from tocsin.domain.foreign_json import read_json
from tocsin_channels.sms import replies
from tocsin_channels.sms.codes import NO_CODE
from tocsin_channels.sms.vonage_codes import FILTERED, MAY_PASS, REPORTS

_DELIVERED: Final = frozenset({"delivered"})
_ON_ITS_WAY: Final = frozenset({"accepted", "buffered", "unknown", "submitted"})
_NOT_DELIVERED: Final = frozenset({"failed", "rejected", "expired", "undeliv", "undelivered"})


def read(raw: bytes, headers: Mapping[str, str], key: str, secret: str) -> Sequence[Receipt]:
    """Return what Vonage says; raise Refused where it is not Vonage that says it."""
    said = _fields(raw, {name.lower(): value for name, value in headers.items()}.get("content-type", ""))
    if not secret or not _is_signed(said, key, secret):
        raise Refused(
            "This is not signed by Vonage. Set sms.vonage_signature_secret, and HMAC-SHA256 as the account's signature."
        )
    status = said.get("status", "").lower()
    if not status and "text" in said:
        return replies.read(f"+{said.get('msisdn', '')}", said["text"])
    delivery = said.get("client-ref", "")
    code = said.get("err-code", "")
    if status in _DELIVERED:
        return [Receipt(delivery, ReceiptKind.DELIVERED, code, "")]
    if status in _ON_ITS_WAY:
        return []
    number = int(code) if code.isdecimal() else None
    known = None if number is None else REPORTS.codes.get(number)
    note = REPORTS.note(number, status) if known is not None else f"Vonage: {status} {code}".rstrip()
    if known is not None and known.decision is OptedOut:
        address = f"+{said.get('msisdn', '')}"
        return [
            Receipt(delivery, ReceiptKind.BOUNCED, code, note, keeps_address=True),
            Receipt("", ReceiptKind.OPTED_OUT, code, note, address=address),
        ]
    is_dead = known is not None and known.decision is AddressDead
    unlisted = "" if known is not None else code or NO_CODE
    event = f"{said['messageId']} {status}" if said.get("messageId") else ""
    if status not in _NOT_DELIVERED:
        return [Receipt(delivery, ReceiptKind.DELAYED, code or status, note, event=event, unlisted=status)]
    return [
        Receipt(
            delivery,
            ReceiptKind.BOUNCED,
            code or status,
            note,
            keeps_address=not is_dead,
            our_fault=number in FILTERED,
            event=event,
            may_pass=number in MAY_PASS or bool(unlisted),
            unlisted=unlisted,
        )
    ]


def _fields(raw: bytes, kind: str) -> dict[str, str]:
    try:
        if "json" not in kind:
            return dict(parse_qsl(raw.decode("utf-8"), keep_blank_values=True, errors="strict"))
        told = read_json(raw)
    except ValueError as error:
        raise Refused("This is neither a form nor JSON as Vonage posts it.") from error
    if not isinstance(told, dict):
        raise Refused("This is no JSON as Vonage posts it.")
    return {name: str(value) for name, value in cast("dict[str, object]", told).items()}


def _is_signed(said: Mapping[str, str], key: str, secret: str) -> bool:
    given = said.get("sig", "")
    if not given.isascii() or not said.get("timestamp"):
        return False
    auth = Auth(api_key=key, signature_secret=secret, signature_method="sha256")
    return bool(auth.check_signature(dict(said)))
