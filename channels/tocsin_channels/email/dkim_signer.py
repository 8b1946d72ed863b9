"""DKIM signatures (RFC 6376) for mail by plain SMTP: each copy has its own, since To, Message-ID and links differ.

dkimpy brings mails into canonical form and OpenSSL signs: dkimpy's own RSA is in Python and takes ten times as long.
The headers that let people unsubscribe are covered, as RFC 8058 asks.
"""

from __future__ import annotations

import asyncio
import base64
import re
import time
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from dkim.canonicalization import CanonicalizationPolicy

from tocsin.domain.errors import Refused
from tocsin_channels.email.letter import Copy

SIGNED: Final = (
    *(b"from", b"to", b"subject", b"date", b"message-id", b"in-reply-to", b"references", b"list-id"),
    *(b"list-unsubscribe", b"list-unsubscribe-post", b"auto-submitted", b"mime-version", b"content-type"),
    *(b"from", b"subject"),  # once more, so that a second one cannot be added on the way
)
_POLICY: Any = CanonicalizationPolicy.from_c_value(b"relaxed/simple")
_NAME: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_LEAST_BITS: Final = 1024
_DOT: Final = b".\r\n"
_LINE: Final = 72


class DkimSigner:
    """Signs for `domain` with `pem`, whose public half is at <selector>._domainkey.<domain>."""

    def __init__(self, domain: str, selector: str, pem: str) -> None:
        for value, field in ((domain, "email.dkim_domain"), (selector, "email.dkim_selector")):
            if not _NAME.fullmatch(value):
                raise Refused("Write a name as DNS has it, such as acme.example or s2026.", field=field)
        self._key = _read(pem)
        algorithm = b"rsa-sha256" if isinstance(self._key, rsa.RSAPrivateKey) else b"ed25519-sha256"
        self._tags = b"v=1; a=%b; c=relaxed/simple; d=%b; s=%b;\r\n h=%b;\r\n" % (
            algorithm,
            domain.encode(),
            selector.encode(),
            _folded(b":".join(SIGNED), b":"),
        )

    async def sign_all(self, copies: Sequence[Copy]) -> list[Copy]:
        """Return `copies` with a signature each, made in a thread: a millisecond a mail must not hold up the loop."""
        return await asyncio.to_thread(lambda: [replace(copy, data=self.sign(copy.data)) for copy in copies])

    def sign(self, data: bytes) -> bytes:
        """Return a mail, the final dot included, with its signature before it."""
        head, _, body = data.removesuffix(_DOT).partition(b"\r\n\r\n")
        canonical: bytes = _POLICY.canonicalize_body(body)
        digest = base64.b64encode(sha256(canonical).digest())
        value = b" %b t=%d; bh=%b;\r\n b=" % (self._tags, time.time(), digest)
        signature = base64.b64encode(self._signature(_signed_headers(head, value)))
        return b"DKIM-Signature:" + value + _folded(signature) + b"\r\n" + data

    def _signature(self, text: bytes) -> bytes:
        if isinstance(self._key, rsa.RSAPrivateKey):
            return self._key.sign(text, padding.PKCS1v15(), SHA256())
        return self._key.sign(sha256(text).digest())  # RFC 8463, 3: the hash is what is signed


def _read(pem: str) -> rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey:
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError) as error:
        raise Refused(f"This is no private key in PEM: {error}", field="email.dkim_key") from error
    if isinstance(key, ed25519.Ed25519PrivateKey) or (
        isinstance(key, rsa.RSAPrivateKey) and key.key_size >= _LEAST_BITS
    ):
        return key
    raise Refused("DKIM signs with RSA of 1024 bits or more (2048 are usual) or Ed25519.", field="email.dkim_key")


def _signed_headers(head: bytes, value: bytes) -> bytes:
    """Return what is signed of the headers: those that are listed, each once, and the signature without itself."""
    unfolded = re.sub(rb"\r\n([ \t])", rb"\1", head)
    fields = [
        (name, content + b"\r\n") for name, _, content in (line.partition(b":") for line in unfolded.split(b"\r\n"))
    ]
    by_name: dict[bytes, bytes] = dict(_POLICY.canonicalize_headers(fields))
    once = list(dict.fromkeys(SIGNED))
    signed = b"".join(b"%b:%b" % (name, by_name[name]) for name in once if name in by_name)
    own: bytes
    [(_, own)] = _POLICY.canonicalize_headers([(b"DKIM-Signature", value + b"\r\n")])
    return signed + b"dkim-signature:" + own.rstrip(b"\r\n")


def _folded(text: bytes, after: bytes = b"") -> bytes:
    """Return `text` in lines, broken behind `after` where it is given."""
    if not after:
        return b"\r\n ".join(text[at : at + _LINE] for at in range(0, len(text), _LINE))
    lines = [b""]
    for piece in text.split(after):
        if len(lines[-1]) + len(piece) > _LINE:
            lines.append(b"")
        lines[-1] += piece + after
    return b"\r\n  ".join(lines).removesuffix(after)
