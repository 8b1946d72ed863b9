"""Tokens that messages carry: opaque names that only we can make, each good for one purpose.

Both are derived by HMAC-SHA256, so that each of 100,000 messages can carry one and nothing needs to be stored.
"""

from __future__ import annotations

import base64
import hmac
import struct
from hashlib import sha256

_MAC_BYTES = 12


class Signer:
    """Makes and reads the tokens of one purpose. `secret` is the installation's own, `purpose` binds the token."""

    def __init__(self, secret: str, purpose: str) -> None:
        self._key = hmac.digest(secret.encode(), purpose.encode(), "sha256")
        self._seed = hmac.new(self._key, digestmod=sha256)

    def make(self, *numbers: int) -> str:
        """Return a token for numbers of up to 32 bits: lower-case letters and digits, so that it survives a mailbox."""
        packed = struct.pack(f">{len(numbers)}I", *numbers)
        return base64.b32encode(packed + self._mac(packed)).decode().rstrip("=").lower()

    def read(self, token: str) -> tuple[int, ...] | None:
        """Return the numbers of a token that we made, None for any other text."""
        try:
            raw = base64.b32decode(token.upper() + "=" * (-len(token) % 8))
        except ValueError:
            return None
        packed, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
        if len(raw) <= _MAC_BYTES or not hmac.compare_digest(mac, self._mac(packed)):
            return None
        return struct.unpack(f">{len(packed) // 4}I", packed)

    def _mac(self, packed: bytes) -> bytes:
        mac = self._seed.copy()
        mac.update(packed)
        return mac.digest()[:_MAC_BYTES]
