"""What Slack and Teams refuse to show: too many blocks, too long a text, a card that is none."""

from __future__ import annotations

import json
from typing import Any, cast

_MOST_BLOCKS = 50
_MOST_ELEMENTS = 10
_LONGEST_ALL = 13_200
_LONGEST_TEXT = 40_000
_LONGEST = {"header": 150, "section": 3_000, "context": 3_000}


def slack_fault(given: dict[str, Any]) -> str:
    """Return Slack's error for a message, "" where it would be shown."""
    text: Any = given.get("text", "")
    blocks: Any = given.get("blocks") or []
    if not text and not blocks:
        return "no_text"
    if len(str(text)) > _LONGEST_TEXT:
        return "msg_too_long"
    if not isinstance(blocks, list):
        return "invalid_blocks_format"
    listed: list[Any] = blocks  # pyright: ignore[reportUnknownVariableType]
    if len(listed) > _MOST_BLOCKS or not all(_is_block(block) for block in listed):
        return "invalid_blocks"
    return "msg_blocks_too_long" if len(json.dumps(listed, ensure_ascii=False)) > _LONGEST_ALL else ""


def card_fault(raw: bytes) -> tuple[dict[str, Any], str]:
    """Return the card that a workflow would post, and why it would not."""
    try:
        said = json.loads(raw)
        [attachment] = said["attachments"]
        card = cast("dict[str, Any]", attachment["content"])
    except (ValueError, KeyError, TypeError):
        return {}, "the attachments are missing"
    if attachment.get("contentType") != "application/vnd.microsoft.card.adaptive" or said.get("type") != "message":
        return {}, "this is no message with an Adaptive Card"
    if card.get("type") != "AdaptiveCard" or not isinstance(card.get("body"), list):
        return {}, "Property 'type' must be 'AdaptiveCard'"
    return card, ""


def _is_block(block: Any) -> bool:
    if not isinstance(block, dict):
        return False
    given = cast("dict[str, Any]", block)
    kind = str(given.get("type", ""))
    longest = _LONGEST.get(kind)
    if longest is None:
        return kind == "divider"
    texts: list[Any] = given.get("elements") or [] if kind == "context" else [given.get("text")]
    expected = "plain_text" if kind == "header" else "mrkdwn"
    return 1 <= len(texts) <= _MOST_ELEMENTS and all(_is_text(text, expected, longest) for text in texts)


def _is_text(text: Any, kind: str, longest: int) -> bool:
    if not isinstance(text, dict):
        return False
    given = cast("dict[str, Any]", text)
    words = given.get("text")
    return given.get("type") == kind and isinstance(words, str) and 1 <= len(words) <= longest
