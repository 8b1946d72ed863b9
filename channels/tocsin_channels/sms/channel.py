"""The SMS channel: what the core knows of all the rest in this folder."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from tocsin.domain.channel import Accepted, Answered, ChannelName, Content, Limits, Message, OnUnknown, Receipt
from tocsin.domain.errors import DeliveryError, ProviderDown
from tocsin.domain.incident import Severity
from tocsin.domain.look import Look
from tocsin.domain.notice import Notice
from tocsin.domain.page import Page
from tocsin.domain.story import Story
from tocsin_channels.sms import text
from tocsin_channels.sms.look import look
from tocsin_channels.sms.provider import Provider
from tocsin_channels.sms.text import Text
from tocsin_channels.templates import Wording

_BATCH: Final = 50  # the most that may go out twice when a worker dies, and each costs money
_IN_FLIGHT: Final = 2


class SmsChannel:
    """`urgent` is the severity whose texts are worth delivering for minutes only; `connections` are used at once."""

    name = ChannelName.SMS
    content = Content.STORY
    on_unknown = OnUnknown.RESEND_ONCE
    limits = Limits(batch=_BATCH, in_flight=_IN_FLIGHT, merges=True)

    def __init__(self, provider: Provider, wording: Wording, urgent: Severity, connections: int = 16) -> None:
        self._carrier = provider
        self._wording = wording
        self._urgent = urgent
        self._connections = connections

    @property
    def provider(self) -> str:
        return self._carrier.name

    def render(self, content: Story | Page) -> Text:
        assert isinstance(content, Story)
        return text.write(content, self._wording, self._urgent)

    def show(self, rendered: object, *, begins: bool) -> Look:
        del begins
        assert isinstance(rendered, Text)
        return look(rendered)

    def render_notice(self, notice: Notice) -> Text:
        return text.write_notice(notice)

    async def send(self, messages: Sequence[Message], answered: Answered) -> None:
        """Text everyone, several at once; those to one number go one after the other."""
        queues: dict[str, list[int]] = defaultdict(list)
        for index, message in enumerate(messages):
            queues[message.address].append(index)
        batch = _Batch(self._carrier, messages, answered, asyncio.Semaphore(self._connections))
        async with asyncio.TaskGroup() as group:
            for queue in queues.values():
                group.create_task(batch.run(queue))

    def read_receipt(self, raw: bytes, headers: Mapping[str, str], url: str) -> Sequence[Receipt]:
        return self._carrier.read_receipt(raw, headers, url)

    async def check(self) -> str:
        return await self._carrier.check()

    async def close(self) -> None:
        await self._carrier.close()


class _Batch:
    """What is sent by one call of `send`; once the account itself is refused, nothing more is tried."""

    def __init__(
        self, carrier: Provider, messages: Sequence[Message], answered: Answered, free: asyncio.Semaphore
    ) -> None:
        self._carrier = carrier
        self._messages = messages
        self._answered = answered
        self._free = free
        self._down: ProviderDown | None = None

    async def run(self, queue: Sequence[int]) -> None:
        for index in queue:
            async with self._free:
                self._answered(index, await self._send(self._messages[index]))

    async def _send(self, message: Message) -> Accepted | DeliveryError:
        assert isinstance(message.rendered, Text)
        if self._down is not None:
            return self._down
        try:
            return await self._carrier.send(message.address, message.rendered, message.delivery)
        except DeliveryError as error:
            if isinstance(error, ProviderDown) and error.code in self._carrier.whole_account:
                self._down = error
            return error
