"""From a story to the words of a post: the template filled, and cut by whole words, never its state or its link."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from tocsin.domain.incident import Status
from tocsin.domain.placeholders import Template
from tocsin_channels.social.weigh import Ruler

PLACES = frozenset({"brand", "mark", "status", "time", "title", "body", "components", "impact", "next_update", "link"})
BUILT_IN = "{{mark}} {{status}} · {{time}}\n{{title}}\n\n{{body}}\n\n{{next_update}}\n{{link}}"
_WHOLE = Template.parse(BUILT_IN, PLACES)
_BARE = Template.parse("{{mark}} {{status}} · {{time}}\n{{title}}\n{{link}}", PLACES)
# What gives way where there is too much, one after the other.
_CUT = ("body", "components", "title", "next_update", "brand")
_LONGEST = 1_000  # no network takes more
_BLANK = re.compile(r"\S\s")
_WORD = re.compile(r"\S+")
_BLANKS = re.compile(r"\n{3,}")


@dataclass(frozen=True, slots=True)
class Post:
    """What is posted; `link`, to the incident's page, is in `text` as it stands, or "" where there is none.

    `addresses` are there as well, to which words of the author's lead.
    """

    text: str
    link: str = ""
    addresses: tuple[str, ...] = ()

    @property
    def links(self) -> tuple[str, ...]:
        return (self.link, *self.addresses) if self.link else self.addresses


@dataclass(frozen=True, slots=True)
class Draft:
    """One update, defused, before it is known which network it goes to and whether it begins a thread.

    Where a post may have links, `linked_body` takes the body's place, in which `addresses` stand as they are.
    """

    template: Template
    values: tuple[tuple[str, str], ...]
    link: str  # of the incident's public page, "" where it has none
    status: Status
    audience: str
    locale: str
    at: datetime
    linked_body: str = ""
    addresses: tuple[str, ...] = ()

    def post(self, ruler: Ruler, *, linked: bool) -> Post:
        """Return the words that fit `ruler`, with the link where it is wanted and there is one."""
        return _post(self, ruler, linked=linked)


@lru_cache(maxsize=256)
def _post(draft: Draft, ruler: Ruler, *, linked: bool) -> Post:
    link = draft.link if linked else ""
    values = {**dict(draft.values), "link": link}
    if linked and draft.addresses:
        values["body"] = draft.linked_body
    for template in (draft.template, _WHOLE, _BARE):
        text = _fitted(template, values, ruler)
        if text:
            live = tuple(dict.fromkeys(url for url in draft.addresses if linked and f"({url})" in text))
            return Post(text, link if link and link in text else "", live)
    raise AssertionError("the state and a link fit any network")


def _fitted(template: Template, values: Mapping[str, str], ruler: Ruler) -> str:
    """Return the filled template within the limit, "" where its own words leave no room."""
    values = {name: _bounded(value) if name in _CUT else value for name, value in values.items()}
    text = _fill(template, values)
    for name in _CUT:
        if ruler.fits(text):
            break
        whole = values[name]
        values = {**values, name: ""}
        if not ruler.fits(_fill(template, values)):
            text = _fill(template, values)
            continue
        values[name] = _longest(template, values, name, whole, ruler)
        text = _fill(template, values)
    return text if ruler.fits(text) else ""


def _bounded(value: str) -> str:
    """Return no more than any network takes, of whole words where there are any: half an address leads elsewhere."""
    if len(value) <= _LONGEST:
        return value
    kept = value[:_LONGEST]
    return kept.rsplit(None, 1)[0] if _BLANK.search(kept) else kept


def _longest(template: Template, values: Mapping[str, str], name: str, whole: str, ruler: Ruler) -> str:
    """Return the most of `whole` that fits in its place: whole words, and of a title at least its beginning."""
    if name == "next_update":  # half a promise is none
        return ""
    ends = [word.end() for word in _WORD.finditer(whole)][:-1]
    if name == "title" and not _fits(template, {**values, name: _cut(whole, ends[0] if ends else 0)}, ruler):
        ends = list(range(len(whole)))
    low, high = 0, len(ends)
    while low < high:
        middle = (low + high + 1) // 2
        if _fits(template, {**values, name: _cut(whole, ends[middle - 1])}, ruler):
            low = middle
        else:
            high = middle - 1
    return _cut(whole, ends[low - 1]) if low else ""


def _cut(whole: str, end: int) -> str:
    return whole[:end].rstrip(" \n\t,;:.-\u2013\u2014\u200b\u200d") + " …" if end else ""


def _fits(template: Template, values: Mapping[str, str], ruler: Ruler) -> bool:
    return ruler.fits(_fill(template, values))


def _fill(template: Template, values: Mapping[str, str]) -> str:
    """Return the words without the lines that stayed empty."""
    lines = (line.strip(" \t") for line in template.fill(values).split("\n"))
    return _BLANKS.sub("\n\n", "\n".join(lines)).strip()
