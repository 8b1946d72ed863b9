"""One story as each channel says it, taken apart into the texts that a reader sees."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html.parser import HTMLParser
from typing import Any, cast

from mail_to_send import SENDER
from tocsin.domain.channel import ChannelName
from tocsin.domain.incident import Severity
from tocsin.domain.story import Story
from tocsin_channels.chat import post as chat
from tocsin_channels.email.look import look
from tocsin_channels.email.render import Renderer
from tocsin_channels.push.note import render as render_push
from tocsin_channels.sms.text import write as write_text
from tocsin_channels.social import weigh
from tocsin_channels.social.words import draft
from tocsin_channels.templates import Wording
from words_to_send import SHIPPED


def spoken(channel: ChannelName, story: Story, wording: Wording | None = None) -> dict[str, str]:
    """Return what readers see of `story`, by the part of the message it stands in."""
    words = wording or SHIPPED[channel]
    match channel:
        case ChannelName.EMAIL:
            seen = look(Renderer(words, SENDER).render(story)).content
            written, html = (seen[part].replace("\r\n", "\n") for part in ("text", "html"))
            return {"subject": seen["subject"], "text": written, "html": _visible(html)}
        case ChannelName.SMS:
            return {"text": write_text(story, words, Severity.SEV1).body}
        case ChannelName.PUSH:
            note = render_push(story, words).content
            return {"title": note["title"], "body": note["body"]}
        case ChannelName.SOCIAL:
            return {"post": draft(story, words).post(weigh.X, linked=True).text}
        case ChannelName.CHAT:
            post = chat.write(words, story)
            slack = {"first": post.first.blocks, "reply": post.reply.blocks}
            said = {name: "\n".join(_texts(list(blocks))) for name, blocks in slack.items()}
            return said | {"card": "\n".join(_texts(json.loads(post.card))), "title": post.title, "body": post.body}
        case _:
            raise AssertionError(channel)


def _texts(value: Any, name: str = "") -> list[str]:
    """Return what stands under "text" and "title" in blocks and cards, in its order."""
    if isinstance(value, dict):
        return [text for key, one in cast("dict[str, Any]", value).items() for text in _texts(one, key)]
    if isinstance(value, list):
        return [text for one in cast("Sequence[Any]", value) for text in _texts(one)]
    return [value] if isinstance(value, str) and name in {"text", "title"} else []


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self._silent += tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag == "style"

    def handle_data(self, data: str) -> None:
        if not self._silent and data.strip():
            self.found.append(data.strip())


def _visible(html: str) -> str:
    reader = _Reader()
    reader.feed(html)
    return "\n".join(reader.found)
