"""How long a text is to each network: exactly as it counts, or where that takes tables we have not, never less.

Sources: docs.x.com, counting characters, and configuration v3 of twitter-text; docs.joinmastodon.org (a link counts
23); the lexicon app.bsky.feed.post (300 graphemes, 3,000 bytes).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

_X_LIMIT = 280
_MASTODON_LIMIT = 500
_BLUESKY_LIMIT = 300
_BLUESKY_BYTES = 3_000
_LINK = 23  # whatever is written, X and Mastodon count so much
_LIGHT = ((0, 0x10FF), (0x2000, 0x200D), (0x2010, 0x201F), (0x2032, 0x2037))  # code points that X counts once
_PICTURE = (
    "[\u203c\u2049\u2139\u2194-\u21aa\u2300-\u23ff\u24c2\u25aa-\u27bf\u2934\u2935\u2b00-\u2bff"
    "\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
)
_DRESS = "(?:[\U0001f3fb-\U0001f3ff]|\ufe0f)?"
# What is joined into one emoji (Unicode's emoji-zwj-sequences); anything else that is joined counts piece by piece.
_JOINED = (
    "[👨👩🧑] [⚕⚖✈🌾🍳🍼🎄🎓🎤🎨🏫🏭💻💼🔧🔬🚀🚒🦯🦰🦱🦲🦳🦼🦽🩰]( ➡)?",
    "[👨👩🧑] ❤( 💋)? [👨👩🧑]",
    "[👨👩🧑] [🤝🐰🫯] [👨👩🧑]",
    "[👨👩]( [👨👩])?( [👦👧]){1,2}",
    "🧑( 🧑)?( 🧒){1,2}",
    "[⛹🏃🏄🏊🏋🏌👮👯👰👱👳👷💁💂💆💇🕵🙅🙆🙇🙋🙍🙎🚣🚴🚵🚶🤦🤵🤷🤸🤹🤼🤽🤾🦸🦹🧍🧎🧏🧔🧖🧗🧘🧙🧚🧛🧜🧝🧞🧟] [♀♂]( ➡)?",
    *(
        "[🏃🚶🧎] ➡",
        "🐦 [⬛🔥]",
        "🐈 ⬛",
        "⛓ 💥",
        "🍄 🟫",
        "🍋 🟩",
        "👁 🗨",
        "😮 💨",
        "😶 🌫",
        "😵 💫",
        "🫱 🫲",
        "🙂 [↔↕]",
    ),
    *("❤ [🔥🩹]", "🏴 ☠", "🐻 ❄", "🏳 [⚧🌈]", "🐕 🦺"),
)
_PART = re.compile(r"\[[^]]+\]|[^ ()?{}0-9,]")


def _pattern(joined: str) -> str:
    return _PART.sub(lambda part: part[0] + _DRESS, joined).replace(" ", "\u200d")


# One emoji, however many code points it takes: flags, keycaps, what is joined, pictures with tone or tags.
_EMOJI = re.compile(
    "[\U0001f1e6-\U0001f1ff]{2}"
    "|[0-9#*]\ufe0f?\u20e3"
    "|[\u00a9\u00ae\u2122]\ufe0f"
    f"|{'|'.join(map(_pattern, _JOINED))}"
    f"|{_PICTURE}{_DRESS}(?:[\U000e0020-\U000e007e]+\U000e007f)?"
)
# What no address goes on after: blanks and marks of direction.
_ON = r"[^\s\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
# With a scheme, or a bare domain; X knows every top-level domain, we take any for one.
_URL = re.compile(rf"https?://{_ON}+|(?<![@\w.])[\w-]+(?:\.[\w-]+)*\.[^\W\d_]{{2,}}(?:/{_ON}*)?", re.IGNORECASE)
_BEHIND = ".,:;!?'\"()[]{}<>\u2026\u201c\u201d\u2019"  # it belongs to the sentence, not to the address
_LONGEST_LABEL = 63  # RFC 1035, as it is written in ASCII
_DOMAIN = re.compile(r"(?:https?://)?(?:[^\s/@:]+\.)+[^\W\d_]{2,}(?::[0-9]+)?(?:/.*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Ruler:
    """`measure` says how long a text is, which may be up to `limit`."""

    measure: Callable[[str], int]
    limit: int

    def fits(self, text: str) -> bool:
        return self.measure(text) <= self.limit


def weight(text: str) -> int:
    """Return the weighted length that X gives a text."""
    text = unicodedata.normalize("NFC", text)
    total = 0
    end = 0
    for found in _URL.finditer(text):
        url = found[0].rstrip(_BEHIND)
        total += _words(text[end : found.start()])
        # An address that X makes no link of (http://localhost) counts as it is written.
        total += _LINK if is_linked(url) else max(_LINK, _words(url))
        end = found.start() + len(url)
    return total + _words(text[end:])


def characters(text: str) -> int:
    """Return at least what Mastodon counts: the characters, a link as 23."""
    return graphemes(re.sub(r"https?://\S+", lambda link: "x" * _LINK + link[0][len(link[0].rstrip(_BEHIND)) :], text))


def graphemes(text: str) -> int:
    """Return at least the number of characters that a reader sees: what only dresses the one before is not counted."""
    text = unicodedata.normalize("NFC", text)
    return sum(place == 0 or text[place - 1] == "\n" or not _dresses(letter) for place, letter in enumerate(text))


def post_length(text: str) -> int:
    """Return the length of a Bluesky post, which has a limit in characters and one of ten times as many bytes."""
    share = _BLUESKY_BYTES // _BLUESKY_LIMIT
    return max(graphemes(text), -(-len(text.encode()) // share))


X = Ruler(weight, _X_LIMIT)
MASTODON = Ruler(characters, _MASTODON_LIMIT)
BLUESKY = Ruler(post_length, _BLUESKY_LIMIT)


def is_linked(url: str) -> bool:
    """Tell whether X makes a link of `url`: its host is a domain, no label of which is too long for one."""
    if not _DOMAIN.fullmatch(url):
        return False
    host = re.split("[/:]", url.partition("://")[2] or url)[0]
    return all(_length_in_ascii(label) <= _LONGEST_LABEL for label in host.split("."))


def _length_in_ascii(label: str) -> int:
    return len(label) if label.isascii() else len("xn--") + len(label.encode("punycode"))


def _words(text: str) -> int:
    plain, emoji = _EMOJI.subn("", text)
    return 2 * emoji + sum(1 if _is_light(ord(letter)) else 2 for letter in plain)


def _is_light(point: int) -> bool:
    return any(first <= point <= last for first, last in _LIGHT)


def _dresses(letter: str) -> bool:
    return unicodedata.category(letter) in {"Mn", "Me"} or letter == "\u200d"
