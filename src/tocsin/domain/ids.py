"""Public ids: opaque names that tell nothing, not even how many there are."""

from __future__ import annotations

import secrets
from typing import Final

LENGTH: Final = 12
_ALPHABET: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_COUNT: Final = len(_ALPHABET) ** LENGTH


def new_public_id() -> str:
    """Return a random name of 12 lower-case letters and digits (62 bits)."""
    number = secrets.randbelow(_COUNT)
    characters: list[str] = []
    for _ in range(LENGTH):
        number, digit = divmod(number, len(_ALPHABET))
        characters.append(_ALPHABET[digit])
    return "".join(characters)
