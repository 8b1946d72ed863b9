"""A push channel, browsers to write to and the practice push service: what tests of web push share."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mail_to_send import story
from tocsin.domain.channel import ChannelName, Message, Result
from tocsin.domain.reach import Reach
from tocsin.domain.story import Story
from tocsin.domain.vapid_key import public_key
from tocsin.practice.http import PracticeHttp
from tocsin.practice.outbox import outbox_path
from tocsin.practice.push import PracticePush
from tocsin.practice.push_browser import subscription_of
from tocsin.practice.push_log import Pushed, browsers, pushed
from tocsin_channels.push.channel import PushChannel
from tocsin_channels.push.vapid import Vapid
from tocsin_channels.templates import Wording
from words_to_send import SHIPPED

WORDING = SHIPPED[ChannelName.PUSH]
PRIVATE_KEY = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"  # of RFC 8291, appendix A
CONTACT = "mailto:ops@acme.example"


def push_channel(
    reach: Reach, *, key: str = PRIVATE_KEY, seconds: float = 3.0, wording: Wording = WORDING
) -> PushChannel:
    return PushChannel(Vapid(key, CONTACT), reach, wording, seconds)


def message(channel: PushChannel, address: str, told: Story | None = None, *, id_: str = "abc.def") -> Message:
    return Message(
        id=id_,
        address=address,
        name="",
        rendered=channel.render(told or story()),
        endpoint="def",
        token="token-xyz",
        delivery="delivery-xyz",
    )


async def send(channel: PushChannel, *messages: Message) -> list[Result]:
    """Send `messages` and return what was said of each, once."""
    results: dict[int, Result] = {}

    def answered(index: int, result: Result) -> None:
        assert index not in results
        results[index] = result

    await channel.send(messages, answered)
    return [results[index] for index in range(len(messages))]


@dataclass
class Practice:
    """The practice push service and a channel that reaches nothing else."""

    host: str
    outbox: Path
    channel: PushChannel

    async def push(self, *names: str, told: Story | None = None) -> list[Result]:
        messages = [message(self.channel, subscription_of(name, self.host).written, told) for name in names]
        return await send(self.channel, *messages)

    def got(self, name: str) -> list[Pushed]:
        return pushed(self.outbox, name)

    def all(self) -> Sequence[Pushed]:
        return browsers(self.outbox)


@asynccontextmanager
async def practising(home: Path, *, key: str = PRIVATE_KEY, seconds: float = 3.0) -> AsyncGenerator[Practice]:
    outbox = outbox_path(home)
    async with PracticeHttp([PracticePush(outbox, public_key(PRIVATE_KEY))]) as server:
        channel = push_channel(Reach(practice=server.host), key=key, seconds=seconds)
        yield Practice(server.host, outbox, channel)
        await channel.close()


def opened(message: Pushed) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(message.opened)
    return found


WHOLE = subscription_of("acme", "push.example").as_object()
