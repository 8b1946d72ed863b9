"""Teams: an Adaptive Card in the envelope that workflows post on, small enough for them.

Text is set in runs (RichTextBlock), which know neither Markdown nor mentions, so nothing that people wrote can be
either. Sources: https://adaptivecards.io/explorer (1.2) and https://learn.microsoft.com/power-automate/ (28 kB a
message; 21 kB is what was found to pass).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from tocsin.domain.incident import Impact, Status
from tocsin.domain.story import Chapter
from tocsin_channels.chat.words import Telling
from tocsin_channels.passages import Passage, Run

LONGEST_BYTES = 20_500
_FIRST_BODY = 8_000
_SHORTEST_BODY = 50
_MOST_ELEMENTS = 120
_LONGEST_TITLE = 250
_COLOURS = {Impact.CRITICAL: "Attention", Impact.MAJOR: "Attention", Impact.MINOR: "Warning", Impact.NONE: "Accent"}
_SEPARATE, _CLOSE = "Medium", "None"


def write(telling: Telling, colour: str) -> bytes:
    """Return the body of the request, what people wrote cut short where it would be too large."""
    longest = _FIRST_BODY
    while True:
        told = telling.shortened(longest)
        elements = _elements((*told.before, *told.body, *told.after))
        envelope = _envelope(told, elements[:_MOST_ELEMENTS], colour)
        content = json.dumps(envelope, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
        if longest == 0 or (len(content) <= LONGEST_BYTES and len(elements) <= _MOST_ELEMENTS):
            return content
        longest = longest // 2 if longest > _SHORTEST_BODY else 0


def _envelope(told: Telling, elements: list[dict[str, Any]], colour: str) -> dict[str, Any]:
    headline = told.headline[:_LONGEST_TITLE].strip() or "·"
    body = [_text([{**_run(Run(headline, bold=True)), "size": "Large", "color": colour}], _SEPARATE)]
    body += elements
    body.append(_text([{**_run(Run(told.footer[:_LONGEST_TITLE])), "isSubtle": True, "size": "Small"}], _SEPARATE))
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.2",
        "fallbackText": headline,
        "msteams": {"width": "Full"},
        "body": body,
    }
    if told.url:
        card["actions"] = [{"type": "Action.OpenUrl", "title": told.page, "url": told.url}]
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def _elements(passages: Iterable[Passage]) -> list[dict[str, Any]]:
    """Return one element a line: a run shows no line ends."""
    elements: list[dict[str, Any]] = []
    after_item = False
    for passage in passages:
        spacing = _CLOSE if after_item and passage.lead else _SEPARATE
        after_item = bool(passage.lead)
        mark = "▏ " if passage.quoted else ""
        lead = mark + passage.lead.replace(" ", "\u00a0")
        for line in _lines(passage):
            runs = [_run(Run(lead)), *map(_run, line)] if lead else [_run(run) for run in line]
            if runs:
                elements.append(_text(runs, spacing))
            spacing, lead = _CLOSE, mark
    return elements


def _lines(passage: Passage) -> list[list[Run]]:
    lines: list[list[Run]] = [[]]
    for run in passage.runs:
        for place, text in enumerate(run.text.split("\n")):
            if place:
                lines.append([])
            if text:
                style = Run(text, run.bold, run.italic, run.struck, run.code or passage.code, run.url)
                lines[-1].append(style)
    return lines


def _run(run: Run) -> dict[str, Any]:
    written: dict[str, Any] = {"type": "TextRun", "text": run.text}
    if run.bold:
        written["weight"] = "Bolder"
    if run.italic:
        written["italic"] = True
    if run.struck:
        written["strikethrough"] = True
    if run.code:
        written["fontType"] = "Monospace"
    if run.url:
        written["color"] = "Accent"
        written["selectAction"] = {"type": "Action.OpenUrl", "url": run.url}
    return written


def _text(runs: list[dict[str, Any]], spacing: str) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": runs, "spacing": spacing}


def colour_of(chapter: Chapter) -> str:
    """Return the colour of an incident's headline, by the names that cards have for colours."""
    match chapter.status:
        case Status.RESOLVED | Status.COMPLETED:
            return "Good"
        case Status.MONITORING | Status.POSTMORTEM | Status.CANCELLED:
            return "Accent"
        case _:
            return _COLOURS[chapter.impact]
