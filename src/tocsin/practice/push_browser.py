"""Browsers to practise on: each name has keys of its own, and can open what was sealed for it (RFC 8188, RFC 8291).

The keys are derived from the name, so that whoever knows it can subscribe it; nothing real is ever sealed with them.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tocsin.domain.subscription import Subscription

_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_POINT: Final = 65
_HEAD: Final = 21  # salt, record size, length of the key's name (RFC 8188, 2.1)
_LAST: Final = 2  # the delimiter of the last record


class Unreadable(ValueError):
    """This was not sealed for this browser, or not as RFC 8291 has it."""


@dataclass(frozen=True, slots=True)
class Browser:
    """`auth` is the secret that it shares with whoever may write to it."""

    key: ec.EllipticCurvePrivateKey
    auth: bytes

    @property
    def point(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def open(self, body: bytes) -> bytes:
        """Return what is in a sealed body; raise Unreadable where it cannot be opened."""
        salt, size, length = body[:16], int.from_bytes(body[16:20]), int.from_bytes(body[20:_HEAD])
        sender, sealed = body[_HEAD : _HEAD + length], body[_HEAD + length :]
        if length != _POINT or len(sealed) > size:
            raise Unreadable("The head is not that of one record of aes128gcm.")
        try:
            shared = self.key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender))
            both = _derive(shared, self.auth, b"WebPush: info\0" + self.point + sender, 32)
            content = _derive(both, salt, b"Content-Encoding: aes128gcm\0", 16)
            nonce = _derive(both, salt, b"Content-Encoding: nonce\0", 12)
            opened = AESGCM(content).decrypt(nonce, sealed, None).rstrip(b"\0")
        except (InvalidTag, ValueError) as error:
            raise Unreadable("It was sealed for somebody else, or changed on its way.") from error
        if opened[-1:] != bytes([_LAST]):
            raise Unreadable("The last record has no end.")
        return opened[:-1]


def browser_named(name: str) -> Browser:
    number = int.from_bytes(sha256(f"practice browser {name}".encode()).digest()) % (_ORDER - 1) + 1
    key = ec.derive_private_key(number, ec.SECP256R1())
    return Browser(key, sha256(f"practice auth {name}".encode()).digest()[:16])


def subscription_of(name: str, host: str) -> Subscription:
    """Return how the browser `name` is subscribed at the practice push service on `host` ("127.0.0.1:2580")."""
    browser = browser_named(name)
    return Subscription(f"http://{host}/push/{name}", _text(browser.point), _text(browser.auth))


def _derive(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt, info).derive(secret)


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
