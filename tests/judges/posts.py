"""Reads a post as X, Mastodon and Bluesky do, in their terms and with tables that are none of ours."""

from __future__ import annotations

import re
import unicodedata

import emoji
import wcwidth

_AS_LONG_AS_A_LINK = "x" * 23
_LIGHT = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))  # twitter-text, config/v3.json
# Where each network, or one of them, begins to read more than words; wider than any of theirs.
_READ_ANYWHERE = (
    re.compile(r"[@\uff20][^\s\u200b]"),
    re.compile(r"[^\s\u200b][.\uff0e\u3002\uff61][^\W\d_]{2,}"),
    re.compile(r"[a-z]://", re.IGNORECASE),
    re.compile(r"[#\uff03$][^\W_]"),
)
# What an author may have led to, as it stands in their Markdown.
_ADDRESS = re.compile(r"https?://[\w./?=&%+#~:,;-]+", re.ASCII)


def judge_post(network: str, text: str, link: str, body: str = "") -> None:
    """Hold a post to the network's limit, and to naming and linking nothing but `link` and what `body` leads to."""
    assert text == unicodedata.normalize("NFC", text).strip()
    assert not any(unicodedata.category(one) in {"Cc", "Cs"} and one not in "\n\t" for one in text)
    words = text
    if link:
        assert text.count(link) == 1
        words = text.replace(link, " ")
        for address in sorted(set(_ADDRESS.findall(body)), key=len, reverse=True):
            words = words.replace(f"({address})", " ")
            text = text.replace(f"({address})", f"({_AS_LONG_AS_A_LINK})") if network != "bluesky" else text
    for read in _READ_ANYWHERE:
        assert not read.search(words), read.pattern
    if network == "bluesky":
        assert _graphemes(text) <= 300
        assert len(text.encode()) <= 3_000
        return
    shown = text.replace(link, _AS_LONG_AS_A_LINK) if link else text
    if network == "mastodon":
        assert _graphemes(shown) <= 500
    else:
        assert not re.search("[\ufffe\uffff\ufeff]", text)
        assert _weight(shown) <= 280


def _graphemes(text: str) -> int:
    return sum(1 for _ in wcwidth.iter_graphemes(text))


def _weight(text: str) -> int:
    """Return what X counts: an emoji is two, whatever it is made of; of what is none, each character by itself."""
    total = 0
    for token in emoji.analyze(text, non_emoji=True, join_emoji=False):
        whole = isinstance(token.value, emoji.EmojiMatch) and len(token.chars) > 1
        total += (
            2 if whole else sum(1 if any(low <= ord(c) <= high for low, high in _LIGHT) else 2 for c in token.chars)
        )
    return total
