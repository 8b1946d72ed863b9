"""Cuts a text message as the network does (3GPP TS 23.038, 6.2.1 and 23.040, 9.2.3.24): by its bytes, not by ours."""

from __future__ import annotations

import unicodedata

_ESCAPE = "\x1b"
# By code, from 0x00 on.
_ALPHABET = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_BEHIND_ESCAPE = {
    "\f": 0x0A,
    "^": 0x14,
    "{": 0x28,
    "}": 0x29,
    "\\": 0x2F,
    "[": 0x3C,
    "~": 0x3D,
    "]": 0x3E,
    "|": 0x40,
    "€": 0x65,
}
_CODES = {character: code for code, character in enumerate(_ALPHABET) if character != _ESCAPE}
LONGEST = 1_600  # Twilio takes no more


def segments(text: str) -> tuple[str, int]:
    """Return the encoding that `text` needs and how many messages it takes."""
    septets: list[int] = []
    for character in text:
        if character in _BEHIND_ESCAPE:
            septets += (0x1B, _BEHIND_ESCAPE[character])
        elif character in _CODES:
            septets.append(_CODES[character])
        else:
            return "UCS-2", _in_bytes(text.encode("utf-16-be"))
    if len(septets) <= 160:
        return "GSM-7", 1
    parts = 0
    while septets:
        end = min(153, len(septets))
        if end < len(septets) and septets[end - 1] == 0x1B:
            end -= 1
        septets, parts = septets[end:], parts + 1
    return "GSM-7", parts


def _in_bytes(content: bytes) -> int:
    if len(content) <= 140:
        return 1
    parts = 0
    while content:
        end = min(134, len(content))
        if end < len(content) and 0xD8 <= content[end - 2] < 0xDC:
            end -= 2
        content, parts = content[end:], parts + 1
    return parts


def judge_text(body: str, encoding: str, count: int, link: str) -> None:
    """Hold a text to one line, whole link and way out, and the count that it was sold with."""
    assert len(_ALPHABET) == 128
    assert (encoding, count) == segments(body)
    assert len(body) <= LONGEST
    assert not any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in body)
    before, _, after = body.rpartition(link)
    assert before.endswith(" ")
    assert after == " STOP ends"
