"""Slack's Block Kit, within its limits: 50 blocks, 3,000 characters a section, 150 a header, some 13,200 in all.

Sources: https://docs.slack.dev/reference/block-kit/blocks and https://docs.slack.dev/messaging/formatting-message-text.
The limit of the whole is in no manual; beyond it Slack answers msg_blocks_too_long.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from tocsin_channels.chat.words import Telling, shortened
from tocsin_channels.passages import Passage, Run

_LONGEST_HEADER = 150
_LONGEST_SECTION = 2_900
_LONGEST_FOOTER = 1_800
_LONGEST_TEXT = 10_000
_LONGEST_ALL = 13_000
_LONGEST_FALLBACK = 1_500
_LONGEST_LABEL = 150
_LONGEST_LINK = 1_000
_FIRST_BODY = 9_000
_SHORTEST_BODY = 50
# Whole or not at all: a link, an entity, a character.
_ATOM = re.compile(r"<[^<>]*>|&[a-z]+;|.", re.DOTALL)
_SHOUTED = re.compile(r"@(?=here|channel|everyone)", re.IGNORECASE)
_WORD_JOINER = "\u2060"
_LIKE_A_BACKTICK = "\u02cb"
_NOTHING = "·"  # Slack takes no empty text


@dataclass(frozen=True, slots=True)
class SlackWords:
    """`text` is what notifications and screen readers say, and what is shown where blocks are not."""

    text: str
    blocks: tuple[dict[str, Any], ...]


def write(telling: Telling, *, headed: bool) -> SlackWords:
    """Return what Slack is to show, what people wrote cut short where it would be too large."""
    longest = _FIRST_BODY
    while True:
        told = telling.shortened(longest)
        text = mrkdwn((*told.before, *told.body, *told.after))
        blocks = _blocks(told, text, headed=headed)
        fits = units(text) <= _LONGEST_TEXT and units(json.dumps(blocks, ensure_ascii=False)) <= _LONGEST_ALL
        if fits or longest == 0:
            return SlackWords(_summary(told), tuple(blocks))
        longest = longest // 2 if longest > _SHORTEST_BODY else 0


def _blocks(told: Telling, text: str, *, headed: bool) -> list[dict[str, Any]]:
    sections = _packed(text, _LONGEST_TEXT if told.body else _LONGEST_TEXT // 2)
    footer = _packed_one(_footer(told), _LONGEST_FOOTER)
    return [
        *([_header(told.headline)] if headed else []),
        *({"type": "section", "text": _text(section)} for section in sections if section.strip()),
        {"type": "context", "elements": [_text(footer)]},
    ]


def _summary(told: Telling) -> str:
    text = "\n".join((told.headline, *(passage.text for passage in told.body)))
    return _packed_one(escaped(text), _LONGEST_FALLBACK).strip() or _NOTHING


def mrkdwn(passages: Iterable[Passage]) -> str:
    """Return passages in Slack's markup."""
    lines: list[str] = []
    before: Passage | None = None
    for passage in passages:
        if before is not None and not (before.lead and passage.lead):
            lines.append("")
        lines.append(_passage(passage))
        before = passage
    return "\n".join(lines)


def escaped(text: str) -> str:
    """Return `text` as Slack shows it letter for letter: nothing in it is a link, a mention or a shout."""
    safe = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SHOUTED.sub(f"@{_WORD_JOINER}", safe)


def units(text: str) -> int:
    """Return the length as JavaScript counts, which is never less than what Slack does."""
    return len(text.encode("utf-16-le")) // 2


def _passage(passage: Passage) -> str:
    if passage.code:
        # Three backticks would end the block.
        return f"```\n{escaped(passage.runs[0].text.replace('```', _LIKE_A_BACKTICK * 3))}\n```"
    text = passage.lead + "".join(_run(run) for run in passage.runs)
    return "\n".join(f"&gt; {line}" for line in text.split("\n")) if passage.quoted else text


def _run(run: Run) -> str:
    if run.url and (link := _link(run)):
        return link
    return "\n".join(_styled(run, line) for line in run.text.split("\n"))


def _styled(run: Run, text: str) -> str:
    inner = text.strip()
    if not inner:
        return text
    before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    if run.code:
        return f"{before}`{escaped(inner.replace('`', _LIKE_A_BACKTICK))}`{after}"
    marks = "*" * run.bold + "_" * run.italic + "~" * run.struck
    return f"{before}{marks}{escaped(inner)}{marks[::-1]}{after}"


def _link(run: Run) -> str:
    """Return `<url|label>`, a long label in several; "" where the URL is too long to be one."""
    url = run.url.replace("&", "&amp;").replace("<", "%3C").replace(">", "%3E").replace("|", "%7C")
    if len(url) > _LONGEST_LINK:
        return ""
    label = " ".join(run.text.split()).replace("|", "¦")
    pieces = [label[at : at + _LONGEST_LABEL] for at in range(0, len(label), _LONGEST_LABEL)]
    return "".join(f"<{url}|{escaped(piece)}>" for piece in pieces)


def _footer(telling: Telling) -> str:
    link = _link(Run(telling.page, url=telling.url)) if telling.url else ""
    return " · ".join(part for part in (escaped(telling.footer), link) if part) or _NOTHING


def _packed(text: str, budget: int) -> Iterator[str]:
    """Cut `text` into sections, at line ends where it can be, and never within a link or an entity."""
    section, size = "", 0
    for atom in _ATOM.findall(text):
        length = units(atom)
        if length > budget:
            break
        budget -= length
        if size + length > _LONGEST_SECTION:
            at = section.rfind("\n")
            head, rest = (section[:at], section[at + 1 :]) if at > _LONGEST_SECTION // 2 else (section, "")
            yield head
            section, size = rest, units(rest)
        section += atom
        size += length
    yield section


def _packed_one(text: str, longest: int) -> str:
    kept: list[str] = []
    for atom in _ATOM.findall(text):
        longest -= units(atom)
        if longest < 1:
            kept.append("…")
            break
        kept.append(atom)
    return "".join(kept)


def _header(headline: str) -> dict[str, Any]:
    text = _packed_one(escaped(shortened(headline, _LONGEST_HEADER)), _LONGEST_HEADER).strip() or _NOTHING
    return {"type": "header", "text": {"type": "plain_text", "text": text, "emoji": False}}


def _text(text: str) -> dict[str, Any]:
    # Verbatim: Slack looks for no addresses, channels or names in it by itself.
    return {"type": "mrkdwn", "text": text, "verbatim": True}
