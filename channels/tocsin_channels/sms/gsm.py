# ruff: noqa: RUF001 - characters that look alike are what this is about
"""The alphabet that text messages are cheap in (3GPP TS 23.038), and how to keep to it.

One character outside of it, a curly quote pasted from a word processor, makes a message more than twice as long.
"""

from __future__ import annotations

import unicodedata
from typing import Final

BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# Behind an escape: each of these takes the place of two.
EXTENSION: Final = frozenset("\f^{}\\[~]|€")

# What people and word processors write, and what says the same.
_ALIKE: Final = {
    **dict.fromkeys("‘’‚‛′‵ʹʻʼ‹›`´＇", "'"),
    **dict.fromkeys("“”„‟″‶«»〝〞＂", '"'),
    **dict.fromkeys("‐‑‒–—―−⁃﹘﹣－", "-"),
    **dict.fromkeys("•‣∙◦⁌⁍", "-"),
    **dict.fromkeys("·‧", "."),
    "…": "...",
    "⁄": "/",
    "∕": "/",
    "×": "x",
    "÷": "/",
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
    "≈": "~",
    "→": "->",
    "←": "<-",
    "⇒": "=>",
    "↔": "<->",
    "°": " deg",
    "©": "(c)",
    "®": "(R)",
    "№": "No",
    "¦": "|",
    "µ": "u",
    "¢": "c",
    "Đ": "D",
    "đ": "d",
    "Ł": "L",
    "ł": "l",
    "ı": "i",
    "Œ": "OE",
    "œ": "oe",
    "ẞ": "SS",
    "Þ": "Th",
    "þ": "th",
    "Ð": "D",
    "ð": "d",
}


def fits(text: str) -> bool:
    """Tell whether all of `text` is in the alphabet."""
    return all(character in BASIC or character in EXTENSION for character in text)


def spell(text: str) -> str:
    """Return `text` on one line, in the alphabet if that leaves every word readable, else as it was written.

    Accents may go, other scripts and pictures may not: they are sent as they are, in segments of 70.
    """
    # A control is a space, as those are that end lines.
    text = "".join(" " if unicodedata.category(character) in {"Cc", "Cs"} else character for character in text)
    text = " ".join(unicodedata.normalize("NFC", text).split())
    if fits(text):
        return text
    spelt = "".join(map(_spell, text))
    return " ".join(spelt.split()) if fits(spelt) else text


def _spell(character: str) -> str:
    """Return what stands for `character`, itself where nothing does."""
    if character in BASIC or character in EXTENSION:
        return character
    if character in _ALIKE:
        return _ALIKE[character]
    match unicodedata.category(character):
        case "Zs":
            return " "
        case "Cf":  # soft hyphens, joiners and marks that nobody sees
            return ""
        case _:
            return _without_accents(character)


def _without_accents(character: str) -> str:
    parts = unicodedata.normalize("NFKD", character)
    plain = "".join(_ALIKE.get(part, part) for part in parts if not unicodedata.combining(part))
    return plain if plain and fits(plain) else character
