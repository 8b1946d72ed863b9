"""API keys: `tcs_`, 32 random letters and digits, and six that check them, so that a mistyped key costs no query."""

from __future__ import annotations

import secrets
from hashlib import sha256
from typing import Final
from zlib import crc32

PREFIX: Final = "tcs_"
SHOWN: Final = 12  # how much of a key lists show
_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANDOM: Final = 32
_CHECK: Final = 6


def new_key() -> str:
    """Return a new key; 190 random bits, so that a plain SHA-256 protects what is stored of it."""
    body = PREFIX + "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM))
    return body + _check(body)


def is_well_formed(key: str) -> bool:
    """Tell whether `key` may be one of ours: its last six characters check the rest."""
    if len(key) != len(PREFIX) + _RANDOM + _CHECK or not key.isascii() or not key.startswith(PREFIX):
        return False
    return _check(key[:-_CHECK]) == key[-_CHECK:]


def hash_key(key: str) -> bytes:
    return sha256(key.encode()).digest()


def _check(body: str) -> str:
    number = crc32(body.encode())
    characters: list[str] = []
    for _ in range(_CHECK):
        number, digit = divmod(number, len(_ALPHABET))
        characters.append(_ALPHABET[digit])
    return "".join(reversed(characters))
