"""Reads a chat message as Slack, Teams and the services behind Apprise do: what it shows, and whom it would call."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, cast

from tocsin_channels.chat.blocks import SlackWords

# docs.slack.dev/messaging/formatting-message-text: all that "<" and "&" may begin.
_LINK = re.compile(r"<(?:https?://|mailto:)[^<>|\s]*\|([^<>|]*)>")
_ENTITY = re.compile(r"&(?:amp|lt|gt);")
_SHOUT = re.compile(r"@(?:here|channel|everyone)", re.IGNORECASE)
_WIDTHLESS = "\u200b\u2060"
# adaptivecards.io/explorer: what Teams is given of it, and what each element may have.
_ELEMENTS = {
    "AdaptiveCard": {"$schema", "type", "version", "fallbackText", "msteams", "body", "actions"},
    "RichTextBlock": {"type", "inlines", "spacing"},
    "TextRun": {
        *("type", "text", "weight", "italic", "strikethrough", "fontType", "color", "size", "isSubtle"),
        "selectAction",
    },
    "Action.OpenUrl": {"type", "title", "url"},
}


def judge_slack(words: SlackWords) -> None:
    """Hold a message to docs.slack.dev/reference/block-kit/blocks, and to calling nobody."""
    sent: dict[str, Any] = json.loads(json.dumps({"text": words.text, "blocks": words.blocks}))
    assert 0 < len(sent["text"]) <= 4_000
    _mute(sent["text"], linked=False)
    blocks: list[dict[str, Any]] = sent["blocks"]
    assert 0 < len(blocks) <= 50
    assert _units(json.dumps(blocks, ensure_ascii=False)) <= 13_200
    for block in blocks:
        match block:
            case {"type": "header", "text": {"type": "plain_text", "text": str(text), **rest}, **others}:
                assert (set(rest), set(others)) == ({"emoji"}, set())
                assert 0 < _units(text) <= 150
                _mute(text, linked=False)
            case {"type": "section", "text": text, **others}:
                assert others == {}
                _judge_mrkdwn(text)
            case {"type": "context", "elements": [text], **others}:
                assert others == {}
                _judge_mrkdwn(text)
            case _:
                raise AssertionError(block)


def _judge_mrkdwn(text: dict[str, Any]) -> None:
    assert (text["type"], text["verbatim"]) == ("mrkdwn", True)
    assert 0 < _units(text["text"]) <= 3_000
    _mute(text["text"], linked=True)


def _mute(text: str, *, linked: bool) -> None:
    left = _LINK.sub(r"\1", text) if linked else text
    assert "<" not in left
    assert ">" not in left
    assert "&" not in _ENTITY.sub("", left)
    assert not _SHOUT.search(left)


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def judge_card(raw: bytes) -> str:
    """Hold a card to what a workflow posts, and return its words; runs know neither Markdown nor mentions."""
    assert len(raw) <= 21_000
    match json.loads(raw):
        case {"type": "message", "attachments": [{"contentType": kind, "contentUrl": None, "content": card}]}:
            assert kind == "application/vnd.microsoft.card.adaptive"
        case other:
            raise AssertionError(other)
    assert card["msteams"] == {"width": "Full"}  # entities would be mentions
    found = [card, *_elements(card["body"]), *_elements(card.get("actions", []))]
    for element in found:
        assert set(element) <= _ELEMENTS[element["type"]]
        assert element.get("url", "https://").startswith(("https://", "http://", "mailto:"))
    return "".join(element["text"] for element in found if element["type"] == "TextRun")


def _elements(given: Any) -> Iterator[dict[str, Any]]:
    if isinstance(given, list):
        for one in cast("Sequence[Any]", given):
            yield from _elements(one)
    elif isinstance(given, dict):
        fields = cast("dict[str, Any]", given)
        yield fields
        for value in fields.values():
            yield from _elements(value)


def judge_plain(title: str, body: str) -> None:
    """Hold what Apprise is given to naming nobody: whatever a service's sign is, it begins with one of two."""
    for text in (title, body):
        assert len(text) <= 10_000
        assert not re.search(rf"[@<][^{_WIDTHLESS}]", text, re.DOTALL)
