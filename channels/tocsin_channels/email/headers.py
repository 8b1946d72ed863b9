"""Header values that no text can break out of.

Encoded by our own few lines, since those of the standard library have turned titles into header lines (CVE-2024-6923).
"""

from __future__ import annotations

import base64
import re

_LINE = 66  # leaves room for the field's name within the 78 columns of RFC 5322
_CHUNK = 42  # bytes in an encoded word: 42 * 4/3 + 12 = 68 characters of the 75 that RFC 2047 allows
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")


def text(value: str) -> bytes:
    """Return `value` for an unstructured field such as Subject, folded, as encoded words where it needs them."""
    value = _one_line(value)
    if _is_plain(value):
        if len(value) <= _LINE:
            return value.encode()
        if folded := _folded(value):
            return folded
    return _encoded_words(value)


def phrase(value: str) -> bytes:
    """Return `value` as a display name (RFC 5322, 3.2.5): atoms, a quoted string or encoded words."""
    value = _one_line(value)
    if not _is_plain(value) or len(value) > _LINE:
        return _encoded_words(value)
    if _ATOMS.fullmatch(value):
        return value.encode()
    return b'"' + value.replace("\\", "\\\\").replace('"', '\\"').encode() + b'"'


def _one_line(value: str) -> str:
    # An encoded word may hold them, and whoever decodes it for another protocol would write them into a header.
    return _CONTROLS.sub(" ", value)


def _is_plain(value: str) -> bool:
    return value.isascii() and value.isprintable() and "=?" not in value and value == value.strip(" ")


def _folded(value: str) -> bytes:
    """Fold at single spaces; return b"" where a line would be too long or of blanks alone."""
    lines = [""]
    for word in value.split(" "):
        if not word or len(word) > _LINE:
            return b""
        if lines[-1] and len(lines[-1]) + 1 + len(word) > _LINE:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    return "\r\n ".join(lines).encode()


def _encoded_words(value: str) -> bytes:
    chunks = [b""]
    for character in value:
        encoded = character.encode("utf-8", "replace")
        if len(chunks[-1]) + len(encoded) > _CHUNK:
            chunks.append(b"")
        chunks[-1] += encoded
    return b"\r\n ".join(b"=?utf-8?b?" + base64.b64encode(chunk) + b"?=" for chunk in chunks)
