"""Keys by which push services know us (RFC 8292): a number that is secret, and the point of P-256 that it leads to.

Pure, and 32 random bytes below the order of the curve are a key, so that nothing but Python is needed to make one.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey


_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_BYTES: Final = 32


def new_private_key() -> str:
    """Return a new key: 32 bytes in base64url without padding."""
    return _text((secrets.randbelow(_ORDER - 1) + 1).to_bytes(_BYTES))


def public_key(private_key: str) -> str:
    """Return the point, 65 bytes in base64url without padding; raise ValueError where `private_key` is none."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415  as below

    return _text(read_private_key(private_key).public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def read_private_key(private_key: str) -> EllipticCurvePrivateKey:
    """Return the key; raise ValueError, saying what to write instead, where it is none."""
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415  slow, and settings are read everywhere

    try:
        raw = base64.b64decode(private_key + "=" * (-len(private_key) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raw = b""
    number = int.from_bytes(raw)
    if len(raw) != _BYTES or not 0 < number < _ORDER:
        raise ValueError("This is no VAPID key: 32 bytes in base64url. `make secrets` and `tocsin up` make one")
    return ec.derive_private_key(number, ec.SECP256R1())


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
