"""What Twilio reports: of a message that it was given, and of people who answer STOP, START or HELP.

Signed as https://www.twilio.com/docs/usage/security has it, over the exact public address and every field, so nothing
is trimmed or left out before the signature was checked. Only the account's primary auth token signs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import parse_qs, parse_qsl, urlsplit

from twilio.request_validator import RequestValidator

from tocsin.domain.channel import Receipt, ReceiptKind
from tocsin.domain.errors import AddressDead, OptedOut, ProviderDown, Refused
from tocsin_channels.sms import replies
from tocsin_channels.sms.codes import NO_CODE
from tocsin_channels.sms.twilio_codes import FILTERED, MAY_PASS, ONCE_IS_NO_PROOF, TWILIO

_HEADER: Final = "x-twilio-signature"
_DELIVERED: Final = frozenset({"delivered", "read"})
_ON_ITS_WAY: Final = frozenset({"accepted", "scheduled", "queued", "sending", "sent"})
_NOT_DELIVERED: Final = frozenset({"undelivered", "failed", "canceled"})
_CANCELED: Final = "canceled"  # by us, so there is no code
_RECEIVED: Final = "received"
_STOPPED: Final = 21610


class _Fields(dict[str, list[str]]):
    """A form, in the shape that Twilio's validator asks for its values."""

    def getlist(self, name: str) -> list[str]:
        return self[name]


def read(raw: bytes, headers: Mapping[str, str], url: str, token: str) -> Sequence[Receipt]:
    """Return what Twilio says; raise Refused where it is not Twilio that says it."""
    fields = _fields(raw)
    given = {name.lower(): value for name, value in headers.items()}.get(_HEADER, "")
    if not token or not given or not RequestValidator(token).validate(url, fields, given):
        raise Refused(
            "This is not signed by Twilio for this address. Check that public_url is what Twilio was told to call, and "
            "that sms.twilio_auth_token is the account's primary token."
        )
    said = {name: values[0] for name, values in fields.items()}
    status = said.get("MessageStatus", "").lower()
    if not status or status == _RECEIVED:
        return replies.read(said.get("From", ""), said.get("Body", ""), said.get("OptOutType", ""))
    delivery = parse_qs(urlsplit(url).query).get("delivery", [""])[0]
    return _report(delivery, status, said)


def _fields(raw: bytes) -> _Fields:
    fields = _Fields()
    try:
        for name, value in parse_qsl(raw.decode("utf-8"), keep_blank_values=True, errors="strict"):
            fields.setdefault(name, []).append(value)
    except ValueError as error:
        raise Refused("This is no form as Twilio posts it.") from error
    return fields


def _report(delivery: str, status: str, said: Mapping[str, str]) -> Sequence[Receipt]:
    if status in _DELIVERED:
        return [Receipt(delivery, ReceiptKind.DELIVERED, status, "")]
    if status in _ON_ITS_WAY:
        return []
    digits = said.get("ErrorCode", "")
    code = int(digits) if digits.isdecimal() else None
    known = None if code is None else TWILIO.codes.get(code)
    is_dead = known is not None and issubclass(known.decision, AddressDead) and code not in ONCE_IS_NO_PROOF
    note = TWILIO.note(code, status) if known is not None else f"Twilio: {status} {digits}".rstrip()
    event = f"{said['MessageSid']} {status}" if said.get("MessageSid") else ""
    if status not in _NOT_DELIVERED:
        return [Receipt(delivery, ReceiptKind.DELAYED, digits or status, note, event=event, unlisted=status)]
    if known is not None and known.decision is OptedOut:
        return [
            Receipt(delivery, ReceiptKind.BOUNCED, digits, note, keeps_address=True),
            Receipt("", ReceiptKind.OPTED_OUT, digits, note, address=said.get("To", "")),
        ]
    unlisted = "" if known is not None or status == _CANCELED else digits or NO_CODE
    return [
        Receipt(
            delivery,
            ReceiptKind.BOUNCED,
            digits or status,
            note,
            keeps_address=not is_dead,
            event=event,
            our_fault=code in FILTERED or (known is not None and known.decision is ProviderDown),
            twice_is_proof=code in ONCE_IS_NO_PROOF,
            may_pass=code in MAY_PASS or bool(unlisted),
            unlisted=unlisted,
        )
    ]
