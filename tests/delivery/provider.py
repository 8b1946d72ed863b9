"""A channel whose provider keeps what it is given and answers as it is told; every other part is the real one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tocsin.domain.channel import (
    Accepted,
    Answered,
    ChannelName,
    Content,
    Limits,
    Message,
    OnUnknown,
    Receipt,
    Result,
)
from tocsin.domain.page import Page
from tocsin.domain.story import Story


@dataclass
class Provider:
    """A channel whose provider keeps every message and answers by address; `answer` says how."""

    answer: Callable[[Message], Result | None] = lambda _: Accepted("queued", 250)
    sent: list[Message] = field(default_factory=list[Message])
    name: ChannelName = ChannelName.EMAIL
    provider: str = "practice"
    limits: Limits = field(default_factory=lambda: Limits(batch=500, in_flight=2, merges=True))
    on_unknown: OnUnknown = OnUnknown.RESEND_ONCE
    content: Content = Content.STORY
    before_answer: Callable[[], Any] | None = None

    def render(self, content: Story | Page) -> object:
        return content

    async def send(self, messages: Sequence[Message], answered: Answered) -> None:
        for index, message in enumerate(messages):
            self.sent.append(message)
            if self.before_answer is not None:
                await self.before_answer()
            result = self.answer(message)
            if result is not None:
                answered(index, result)

    def read_receipt(self, raw: bytes, headers: Mapping[str, str], url: str) -> Sequence[Receipt]:
        raise AssertionError((raw, headers, url))

    async def check(self) -> str:
        return "practice"

    async def close(self) -> None: ...

    def texts_to(self, address: str) -> list[list[str]]:
        """Return the bodies that each message to `address` told, in the order they went out."""
        return [
            [chapter.body for chapter in message.rendered.chapters]
            for message in self.sent
            if message.address == address and isinstance(message.rendered, Story)
        ]

    def most_to_one(self) -> int:
        """Return how many messages the busiest address got."""
        return max(Counter(message.address for message in self.sent).values(), default=0)
