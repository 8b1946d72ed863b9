"""A browser's push subscription: where its messages go, and the keys that they are sealed with.

Sources: W3C Push API (the object that a browser gives), RFC 8291 (the keys: a point of P-256, and 16 bytes).
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast
from urllib.parse import urlsplit

from tocsin.domain.errors import Refused
from tocsin.domain.reach import Reach, read_url

_FIELDS: Final = frozenset({"endpoint", "expirationTime", "keys"})
_KEYS: Final = frozenset({"p256dh", "auth"})
_BEGINS: Final = '{"endpoint":'  # as no address on any other channel does
_AUTH_BYTES: Final = 16
_POINT_BYTES: Final = 65
_UNCOMPRESSED: Final = 4
_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]+={0,2}").fullmatch

# The curve P-256: y² = x³ - 3x + b over the field of this prime (SEC 2, 2.4.2).
_PRIME: Final = 2**256 - 2**224 + 2**192 + 2**96 - 1
_B: Final = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B


@dataclass(frozen=True, slots=True)
class Subscription:
    """`p256dh` and `auth` in base64url without padding, `endpoint` in its one spelling, by which two are compared."""

    endpoint: str
    p256dh: str
    auth: str

    @property
    def written(self) -> str:
        """Return it as one line, as it is kept."""
        return json.dumps(self.as_object(), separators=(",", ":"))

    @property
    def origin(self) -> str:
        """Return the push service's origin: "https://push.example"."""
        parts = urlsplit(self.endpoint)
        return f"{parts.scheme}://{parts.netloc}"

    def as_object(self) -> dict[str, Any]:
        """Return it as a browser gives it."""
        return {"endpoint": self.endpoint, "keys": {"p256dh": self.p256dh, "auth": self.auth}}


def read_subscription(value: object, reach: Reach) -> Subscription:
    """Read what a browser gave, or one line of it; raise Refused where it is no subscription, or leads inside."""
    found = _object(value)
    keys = found.get("keys")
    if unknown := sorted(found.keys() - _FIELDS):
        raise _refused(f"There is no {unknown[0]!r} in a browser's subscription. Send endpoint and keys.")
    if not isinstance(keys, dict) or cast("dict[str, object]", keys).keys() != _KEYS:
        raise _refused("A subscription has the keys p256dh and auth. Send it as the browser's toJSON() gives it.")
    named = cast("Mapping[str, object]", keys)
    endpoint = found.get("endpoint")
    if not isinstance(endpoint, str):
        raise _refused("A subscription has an endpoint: the address at the browser's push service.")
    point = _bytes(named["p256dh"], "p256dh")
    auth = _bytes(named["auth"], "auth")
    if not _is_point(point):
        raise _refused("p256dh is no point of the curve P-256 (65 bytes, the first of them 4).")
    if len(auth) != _AUTH_BYTES:
        raise _refused(f"auth is {len(auth)} bytes long, and not {_AUTH_BYTES}.")
    return Subscription(read_url(endpoint, reach), _text(point), _text(auth))


def kept_subscription(written: str) -> Subscription:
    """Return what was once read and written."""
    found = json.loads(written)
    return Subscription(found["endpoint"], found["keys"]["p256dh"], found["keys"]["auth"])


def key_of(written: str) -> str:
    """Return how an address that was read and written is compared; others than a browser's are their own key."""
    return kept_subscription(written).endpoint if written.startswith(_BEGINS) else written


def spoken(written: str) -> str:
    """Return an address as a person reads it: "a browser (push.example …a1b2c3)"; any other address is as it is."""
    if not written.startswith(_BEGINS):
        return written
    endpoint = kept_subscription(written).endpoint
    return f"a browser ({urlsplit(endpoint).hostname} …{endpoint[-6:]})"


def shown(written: str) -> str | dict[str, Any]:
    """Return an address as programs get it, and may send it again: a browser's as an object."""
    return kept_subscription(written).as_object() if written.startswith(_BEGINS) else written


def _object(value: object) -> Mapping[str, object]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            value = None
    if not isinstance(value, dict):
        raise _refused('Send the subscription that the browser gave: {"endpoint": …, "keys": …}.')
    return cast("Mapping[str, object]", value)


def _bytes(value: object, name: str) -> bytes:
    if isinstance(value, str) and _BASE64URL(value):
        stripped = value.rstrip("=")
        try:
            return base64.urlsafe_b64decode(stripped + "=" * (-len(stripped) % 4))
        except binascii.Error:
            pass
    raise _refused(f"{name} is not base64url.")


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _is_point(point: bytes) -> bool:
    if len(point) != _POINT_BYTES or point[0] != _UNCOMPRESSED:
        return False
    x, y = int.from_bytes(point[1:33]), int.from_bytes(point[33:])
    return x < _PRIME and y < _PRIME and (y * y - (x * x * x - 3 * x + _B)) % _PRIME == 0


def _refused(message: str) -> Refused:
    return Refused(message, field="address")
