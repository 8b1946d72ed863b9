r"""What may pass the door: text that no mail header, chat message or terminal can be broken with.

A title ends up in mail subjects, feeds and text messages, so it is one line of printable characters. RFC 2047 encoded
words are refused, since mail programs would decode them (Python's own e-mail package has turned them into header
lines: CVE-2024-6923). Bodies may have several lines; line ends become "\n".
"""

from __future__ import annotations

import unicodedata

from tocsin.domain.errors import Refused

# Controls, line and paragraph separators, lone surrogates, and the marks that reorder what a reader sees.
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_REFUSED_CATEGORIES = frozenset({"Cc", "Zl", "Zp", "Cs"})


def one_line(value: str, field: str) -> str:
    """Return `value` trimmed; raise Refused where it has more than one line or hides something."""
    value = value.strip(" ")
    if not value:
        raise Refused("This is empty. Write what people should read.", field=field)
    _refuse_hidden(value, field, allowed="")
    if "=?" in value and "?=" in value:
        raise Refused(
            "This has an encoded word (=?…?=), which mail programs would decode. Write the characters themselves.",
            field=field,
        )
    return value


def many_lines(value: str, field: str) -> str:
    r"""Return `value` with "\n" line ends, trimmed; raise Refused where it hides something or is empty."""
    value = value.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not value:
        raise Refused("This is empty. Write what people should read.", field=field)
    _refuse_hidden(value, field, allowed="\n\t")
    return value


def _refuse_hidden(value: str, field: str, *, allowed: str) -> None:
    if value.isprintable():  # no controls, separators or surrogates at all: almost always so
        return
    for position, character in enumerate(value):
        if character in allowed:
            continue
        if unicodedata.category(character) in _REFUSED_CATEGORIES or character in _BIDI:
            raise Refused(
                f"Character {position + 1} is U+{ord(character):04X}, a control character or separator that would "
                "break or disguise the text where it is shown. Take it out.",
                field=field,
            )
