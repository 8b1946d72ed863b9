"""What Mailgun reports of its messages: signed with the account's webhook signing key, each report once.

Source: https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks. Mailgun posts a report
again for eight hours where we don't take it, so its time may be a day off; its token is what makes it count once.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from tocsin.domain.channel import Receipt
from tocsin.domain.errors import Refused
from tocsin.domain.foreign_json import read_json
from tocsin_channels.email.envelopes import HEADER, NAME
from tocsin_channels.email.mailgun_codes import DELIVERY_CODES, EVENTS, REASONS
from tocsin_channels.email.told import object_of
from tocsin_channels.email.verdict import Verdict, failed_for, receipts_of

_WINDOW_SECONDS: Final = 86_400.0


def read(raw: bytes, key: str, now: float | None = None) -> Sequence[Receipt]:
    """Return what Mailgun says; raise Refused where it is not Mailgun that says it."""
    said = _fields(raw)
    signature = object_of(said.get("signature"))
    stamp, token = str(signature.get("timestamp", "")), str(signature.get("token", ""))
    ours = hmac.digest(key.encode(), f"{stamp}{token}".encode(), "sha256").hex()
    if not key or not token or not hmac.compare_digest(ours.encode(), str(signature.get("signature", "")).encode()):
        raise Refused("This is not signed by Mailgun. Check email.mailgun_signing_key (HTTP webhook signing key).")
    since = abs((time.time() if now is None else now) - float(stamp)) if stamp.isdecimal() else _WINDOW_SECONDS + 1
    if since > _WINDOW_SECONDS:
        raise Refused("This report is older than a day, or this machine's clock is wrong.")
    return _receipts(object_of(said.get("event-data")), token)


def _receipts(event: Mapping[str, Any], token: str) -> list[Receipt]:
    status = object_of(event.get("delivery-status"))
    delivery = str(object_of(event.get("user-variables")).get(NAME) or _named_in_header(event))
    words = str(
        status.get("message") or status.get("description") or object_of(event.get("reject")).get("reason") or ""
    )
    code = str(status.get("enhanced-code") or status.get("code") or "")
    note = f"Mailgun: {words or event.get('event')}"
    return receipts_of(_verdict(event, status, words), delivery, code, note, token, _unlisted(event))


def _unlisted(event: Mapping[str, Any]) -> str:
    """Return the event or the reason that no table has, "" where they have it."""
    kind, reason = str(event.get("event")), str(event.get("reason") or "")
    if kind != "failed":
        return "" if kind in EVENTS else kind
    return "" if event.get("severity") == "temporary" or not reason or reason in REASONS else reason


def _verdict(event: Mapping[str, Any], status: Mapping[str, Any], words: str) -> Verdict:
    kind = str(event.get("event"))
    if kind != "failed":
        return EVENTS.get(kind, Verdict.STRANGE)
    if event.get("severity") == "temporary":
        return EVENTS["failed/temporary"]
    number = status.get("code")
    if isinstance(number, int) and number in DELIVERY_CODES:
        return DELIVERY_CODES[number]
    by_reason = REASONS.get(str(event.get("reason")))
    return by_reason or failed_for(str(status.get("enhanced-code") or ""), f"{number} {words}")


def _named_in_header(event: Mapping[str, Any]) -> str:
    return str(object_of(object_of(event.get("message")).get("headers")).get(HEADER.lower(), ""))


def _fields(raw: bytes) -> dict[str, Any]:
    try:
        return object_of(read_json(raw))
    except ValueError as error:
        raise Refused("This is no JSON as Mailgun posts it.") from error
