"""What SendGrid reports of its messages: several a post, signed with ECDSA P-256 over the time and the raw body.

Source: https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from tocsin.domain.channel import Receipt
from tocsin.domain.errors import Refused
from tocsin.domain.foreign_json import read_json
from tocsin_channels.email.envelopes import NAME
from tocsin_channels.email.sendgrid_codes import CLASSIFICATIONS, DROPS, EVENTS
from tocsin_channels.email.told import objects_of
from tocsin_channels.email.verdict import Verdict, failed_for, receipts_of

_SIGNATURE: Final = "x-twilio-email-event-webhook-signature"
_TIMESTAMP: Final = "x-twilio-email-event-webhook-timestamp"


def read(raw: bytes, headers: Mapping[str, str], key: str) -> Sequence[Receipt]:
    """Return what SendGrid says; raise Refused where it is not SendGrid that says it."""
    given = {name.lower(): value for name, value in headers.items()}
    if not key or not _is_signed(raw, given.get(_TIMESTAMP, ""), given.get(_SIGNATURE, ""), key):
        raise Refused(
            "This is not signed by SendGrid. Turn on Signed Event Webhook there, and write the verification key into "
            "email.sendgrid_verification_key."
        )
    try:
        told = read_json(raw)
    except ValueError as error:
        raise Refused("This is no JSON as SendGrid posts it.") from error
    events = objects_of(told)
    if not events:
        raise Refused("This is no list of events as SendGrid posts it.")
    return [receipt for event in events for receipt in _receipts(event)]


def public_key(written: str) -> ec.EllipticCurvePublicKey:
    """Return the key that SendGrid shows; raise Refused where it is none."""
    try:
        key = load_der_public_key(base64.b64decode(written, validate=True))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Refused(
            "This is no verification key as SendGrid shows it (MFkw…).", field="email.sendgrid_verification_key"
        ) from error
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise Refused("SendGrid signs with another kind of key.", field="email.sendgrid_verification_key")
    return key


_key = lru_cache(maxsize=4)(public_key)


def _is_signed(raw: bytes, timestamp: str, signature: str, key: str) -> bool:
    try:
        _key(key).verify(base64.b64decode(signature, validate=True), timestamp.encode() + raw, ec.ECDSA(SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return bool(timestamp)


def _receipts(event: Mapping[str, Any]) -> list[Receipt]:
    words = str(event.get("reason") or event.get("response") or "")
    code = str(event.get("status") or event.get("event") or "")
    note = f"SendGrid: {words or event.get('event')}"
    name = str(event.get(NAME, ""))
    own_name = str(event.get("sg_event_id", ""))
    return receipts_of(_verdict(event, words), name, code, note, own_name, _unlisted(event, words))


def _unlisted(event: Mapping[str, Any], words: str) -> str:
    """Return what no table has of an event, "" where they have all of it."""
    kind, named = str(event.get("event")), str(event.get("bounce_classification") or "")
    match kind:
        case "dropped":
            return "" if words.lower() in DROPS else f"dropped: {words}"
        case "bounce":
            return "" if not named or named.lower() in CLASSIFICATIONS else named
        case _:
            return "" if kind in EVENTS else kind


def _verdict(event: Mapping[str, Any], words: str) -> Verdict:
    kind = str(event.get("event"))
    if kind == "dropped":
        return DROPS.get(words.lower(), Verdict.RETURNED)
    if kind != "bounce":
        return EVENTS.get(kind, Verdict.STRANGE)
    said = failed_for(str(event.get("status") or ""), words)
    classified = CLASSIFICATIONS.get(str(event.get("bounce_classification") or "").lower()) or said
    if classified is Verdict.GONE and (event.get("type") == "blocked" or said is Verdict.OUR_FAULT):
        # SendGrid counts as blocked what may be mended: no proof that nobody is there.
        return said if said is Verdict.OUR_FAULT else Verdict.RETURNED
    return classified
