"""Checks who sends, as push services do (RFC 8292): the signature, whom it is for, and how long it holds."""

from __future__ import annotations

import base64
import json
import re
from typing import Any, Final, cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

RIGHT: Final = "right"
_HEADER: Final = re.compile(r"vapid t=([\w-]+\.[\w-]+)\.([\w-]+), ?k=([\w-]+)").fullmatch
_LONGEST_SECONDS: Final = 24 * 3600
_SIGNATURE_BYTES: Final = 64


def fault_of(authorization: str, key: str, origin: str, now: float) -> str:
    """Return what is wrong with a header, "" where nothing is.

    `key` is what browsers subscribed with, `origin` the push service's own.
    """
    found = _HEADER(authorization)
    if found is None:
        return "there is no VAPID header"
    signed, signature, sender = found.groups()
    if sender != key:
        return "it is signed with another key than the one that the browser subscribed with"
    try:
        head, claims = (json.loads(_bytes(part)) for part in signed.split("."))
        _verify(sender, signature, signed)
    except (ValueError, InvalidSignature):
        return "the signature is wrong"
    if not isinstance(claims, dict) or not isinstance(head, dict):
        return "the token is none"
    return _fault_of_claims(cast("dict[str, Any]", head), cast("dict[str, Any]", claims), origin, now)


def _fault_of_claims(head: dict[str, Any], claims: dict[str, Any], origin: str, now: float) -> str:
    until, contact = claims.get("exp"), claims.get("sub")
    if head.get("alg") != "ES256":
        return "the token is not signed with ES256"
    if claims.get("aud") != origin:
        return "the token is for another push service"
    if not isinstance(until, int) or not now < until <= now + _LONGEST_SECONDS:
        return "the token has expired, or would hold for more than a day"
    if not isinstance(contact, str) or not contact.startswith(("mailto:", "https://")):
        return "the token names nobody to write to"
    return ""


def _verify(key: str, signature: str, signed: str) -> None:
    raw = _bytes(signature)
    if len(raw) != _SIGNATURE_BYTES:
        raise ValueError("not two numbers of 32 bytes")
    pair = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _bytes(key))
    point.verify(pair, signed.encode(), ec.ECDSA(SHA256()))


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
