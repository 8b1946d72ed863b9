"""Tokens that messages carry: opaque names that only we can make, each good for one purpose.

Both are derived by a keyed hash (BLAKE2b, RFC 7693, under a key from HMAC-SHA256), so that each of 100,000 messages can
carry one and nothing needs to be stored. Making one costs a microsecond: base 32 alone would cost five.
"""

from __future__ import annotations

import hmac
import struct
from collections.abc import Callable
from functools import cache
from hashlib import blake2b

_MAC_BYTES = 12
_NUMBER_BYTES = 4


class Signer:
    """Makes and reads the tokens of one purpose. `secret` is the installation's own, `purpose` binds the token."""

    def __init__(self, secret: str, purpose: str) -> None:
        self._key = hmac.digest(secret.encode(), purpose.encode(), "sha256")

    def make(self, *numbers: int) -> str:
        """Return a token for numbers of up to 32 bits: lower-case letters and digits, so that it survives a mailbox."""
        packed = _packer(len(numbers))(*numbers)
        return (packed + self._mac(packed)).hex()

    def read(self, token: str) -> tuple[int, ...] | None:
        """Return the numbers of a token that we made, None for any other text."""
        try:
            raw = bytes.fromhex(token)
        except ValueError:
            return None
        packed, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
        if len(raw) <= _MAC_BYTES or len(packed) % _NUMBER_BYTES or not hmac.compare_digest(mac, self._mac(packed)):
            return None
        return struct.unpack(f">{len(packed) // _NUMBER_BYTES}I", packed)

    def _mac(self, packed: bytes) -> bytes:
        return blake2b(packed, key=self._key, digest_size=_MAC_BYTES).digest()


@cache
def _packer(numbers: int) -> Callable[..., bytes]:
    return struct.Struct(f">{numbers}I").pack
