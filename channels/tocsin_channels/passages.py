"""What people wrote, as passages of plain runs: what bold or a link is, each service says in its own way.

Nothing in a run is ever read as markup again, so no text can ping, link or break out of where it stands.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token

_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("strikethrough")
_SCHEMES = {"http", "https", "mailto"}
_LONGEST_URL = 1_000
_LONGEST_SHOWN = 5_000
_BARE_URL = re.compile(r"https?://[^\s<>\"'`|\\^{}]+")
_TRAILING = ".,;:!?)]*_~"
_INDENT = "   "
_HIDDEN = frozenset({"Cc", "Cs", "Zl", "Zp"})
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, slots=True)
class Run:
    text: str
    bold: bool = False
    italic: bool = False
    struck: bool = False
    code: bool = False
    url: str = ""


@dataclass(frozen=True, slots=True)
class Passage:
    """One paragraph, item, quote or block of code; `lead` stands before it: "• ", "2. "."""

    runs: tuple[Run, ...]
    lead: str = ""
    quoted: bool = False
    code: bool = False

    @property
    def text(self) -> str:
        return self.lead + "".join(run.text for run in self.runs)


def plain(text: str) -> Passage:
    """Return a passage of text that is no Markdown; addresses of the web in it are links."""
    return Passage(tuple(_linked(Run(cleaned(text)))))


def cleaned(text: str) -> str:
    """Return `text` without characters that hide, reorder or break what a reader sees."""
    if text.isprintable() and text.isascii():
        return text
    return "".join(
        " " if (unicodedata.category(one) in _HIDDEN and one not in "\n\t") or one in _BIDI else one for one in text
    )


def read(markdown: str) -> list[Passage]:
    """Return what a body in Markdown says."""
    place = _Place()
    passages: list[Passage] = []
    for token in _MARKDOWN.parse(cleaned(markdown)):
        place.enter(token)
        match token.type:
            case "inline":
                passages.append(place.passage(*_inline(token.children or [], Run("", bold=place.headed))))
            case "fence" | "code_block":
                passages.append(replace(place.passage(Run(token.content.rstrip("\n"))), code=True))
            case "hr":
                passages.append(Passage((Run("———"),)))
            case _:
                pass
    return [passage for passage in passages if passage.text.strip()]


def words_of(markdown: str) -> str:
    """Return what a body says for who can show no more than words: an empty line between passages, none in lists.

    What goes on far beyond what any of them shows is not looked at.
    """
    return "".join(words for words, _ in parts_of(markdown))


def parts_of(markdown: str) -> list[tuple[str, str]]:
    """Return what `words_of` does in parts, each with the address that its last words lead to, "" at the end.

    Words that are the address themselves end no part.
    """
    parts: list[tuple[str, str]] = []
    words = ""
    for passage in read(markdown[:_LONGEST_SHOWN]):
        words += ("\n" if passage.lead else "\n\n") + passage.lead
        for url, runs in groupby(passage.runs, key=lambda run: run.url):
            said = "".join(run.text for run in runs)
            words += said
            if url and said != url:
                parts.append((words, url))
                words = ""
    (first, url), *others = [*parts, (words, "")]
    return [(first.lstrip("\n"), url), *others]


class _Place:
    """Where in lists, quotes and headings a reader is."""

    def __init__(self) -> None:
        self._lists: list[int | None] = []  # the next number, None where it has bullets
        self._lead = ""
        self._quotes = 0
        self.headed = False

    def enter(self, token: Token) -> None:
        match token.type:
            case "bullet_list_open":
                self._lists.append(None)
            case "ordered_list_open":
                self._lists.append(int(token.attrs.get("start", 1)))
            case "bullet_list_close" | "ordered_list_close":
                self._lists.pop()
            case "list_item_open":
                self._enter_item()
            case "blockquote_open" | "blockquote_close":
                self._quotes += token.nesting
            case "heading_open" | "heading_close":
                self.headed = token.nesting == 1
            case _:
                pass

    def passage(self, *runs: Run) -> Passage:
        lead, self._lead = self._lead, ""
        return Passage(runs, lead, quoted=self._quotes > 0)

    def _enter_item(self) -> None:
        number = self._lists[-1]
        indent = _INDENT * (len(self._lists) - 1)
        self._lead = f"{indent}• " if number is None else f"{indent}{number}. "
        if number is not None:
            self._lists[-1] = number + 1


def _inline(tokens: Iterable[Token], style: Run) -> Iterator[Run]:
    for token in tokens:
        match token.type:
            case "strong_open" | "strong_close":
                style = replace(style, bold=token.nesting == 1)
            case "em_open" | "em_close":
                style = replace(style, italic=token.nesting == 1)
            case "s_open" | "s_close":
                style = replace(style, struck=token.nesting == 1)
            case "link_open" | "link_close":
                style = replace(style, url=_followed(str(token.attrs.get("href", ""))))
            case "image":
                yield from _inline(token.children or [], style)
            case _:
                yield from _words(token, style)


def _words(token: Token, style: Run) -> Iterator[Run]:
    match token.type:
        case "code_inline":
            yield replace(style, text=token.content, code=True)
        case "softbreak" | "hardbreak":
            yield replace(style, text="\n")
        case _ if token.content:
            yield from _linked(replace(style, text=token.content))
        case _:
            pass


def _followed(url: str) -> str:
    """Return `url` where it may be followed, "" otherwise."""
    try:
        scheme = urlsplit(url).scheme.lower()
    except ValueError:
        return ""
    return url if scheme in _SCHEMES and url.isascii() and url.isprintable() and len(url) <= _LONGEST_URL else ""


def _linked(run: Run) -> Iterator[Run]:
    """Cut a run where addresses of the web stand in it bare."""
    if run.url:
        yield run
        return
    end = 0
    for found in _BARE_URL.finditer(run.text):
        url = found[0].rstrip(_TRAILING)
        if not _followed(url):
            continue
        if found.start() > end:
            yield replace(run, text=run.text[end : found.start()])
        yield replace(run, text=url, url=url)
        end = found.start() + len(url)
    if end < len(run.text):
        yield replace(run, text=run.text[end:])
