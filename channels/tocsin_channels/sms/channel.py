"""The SMS channel: what the core knows of all the rest in this folder."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from typing import Final

from tocsin.domain.answers import begins_of
from tocsin.domain.channel import Accepted, Answered, ChannelName, Content, Limits, Message, OnUnknown, Receipt
from tocsin.domain.errors import AskAgain, DeliveryError, ProviderDown, TooFast
from tocsin.domain.gate import Gate, Rate
from tocsin.domain.incident import Severity
from tocsin.domain.look import Look
from tocsin.domain.notice import Notice
from tocsin.domain.page import Page
from tocsin.domain.story import Story
from tocsin_channels.sms import text
from tocsin_channels.sms.look import look
from tocsin_channels.sms.provider import Provider
from tocsin_channels.sms.search import Search, Sought
from tocsin_channels.sms.text import Text
from tocsin_channels.templates import Wording

_BATCH: Final = 50  # the most that may go out twice when a worker dies, and each costs money
_IN_FLIGHT: Final = 2
_REPORTS_WITHIN: Final = 120.0


RatesOf = Callable[[str], tuple[Rate, ...]]


def unpaced(sender: str) -> tuple[Rate, ...]:
    del sender
    return ()


class SmsChannel:
    """`urgent` is the severity whose texts are worth delivering for minutes only; `connections` are used at once.

    `provider` is the carrier's name among several, which are `carriers`: what is in doubt is looked for where it was
    given, whoever sends it once more. `rates` has for each sender how many segments it may send.
    """

    name = ChannelName.SMS
    content = Content.STORY
    on_unknown = OnUnknown.RESEND_ONCE
    limits = Limits(batch=_BATCH, in_flight=_IN_FLIGHT, merges=True, reports_within=_REPORTS_WITHIN)

    def __init__(
        self,
        carrier: Provider,
        wording: Wording,
        urgent: Severity,
        connections: int = 16,
        provider: str = "",
        rates: RatesOf = unpaced,
        carriers: Mapping[str, Provider] | None = None,
    ) -> None:
        self._carrier = carrier
        self.provider = provider or carrier.name
        self._carriers = carriers or {self.provider: carrier}
        self._wording = wording
        self._urgent = urgent
        self._connections = connections
        self._account = Gate(self.provider)
        self._senders = {name: Gate(f"{self.provider}:{name}", rates(name)) for name in carrier.senders.names}

    @property
    def is_paced(self) -> bool:
        return any(gate.rates for gate in self._senders.values())

    @property
    def gates(self) -> Sequence[Gate]:
        return tuple(self._senders.values())

    def gates_of(self, address: str) -> tuple[Gate, ...]:
        return self._senders[self._carrier.senders.for_recipient(address)[0]], self._account

    def units_of(self, message: Message) -> int:
        assert isinstance(message.rendered, Text)
        return message.rendered.count.segments

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
        free = asyncio.Semaphore(self._connections)
        batch = _Batch(self._carrier, self.provider, messages, answered, free, Search(self._carriers, self.provider))
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
    """What is sent by one call of `send`; once the account or a sender is refused, nothing more of it is tried."""

    def __init__(
        self,
        carrier: Provider,
        account: str,
        messages: Sequence[Message],
        answered: Answered,
        free: asyncio.Semaphore,
        search: Search,
    ) -> None:
        self._carrier = carrier
        self._account = account
        self._messages = messages
        self._answered = answered
        self._begins = begins_of(answered)
        self._free = free
        self._search = search
        self._down: ProviderDown | TooFast | None = None
        self._closed: dict[str, TooFast] = {}

    async def run(self, queue: Sequence[int]) -> None:
        for index in queue:
            async with self._free:
                self._answered(index, await self._look_and_send(index, self._messages[index]))

    async def _look_and_send(self, index: int, message: Message) -> Accepted | DeliveryError:
        """Look first for what is in doubt; what that clears is said with whatever comes of sending it."""
        found = await self._search.look(message)
        if isinstance(found, Accepted | AskAgain):
            return found
        result = await self._send(index, message)
        if isinstance(result, DeliveryError) and found is Sought.NOT_THERE:
            result = copy(result)  # what stops a batch answers others too
            result.cleared = True
        return result

    async def _send(self, index: int, message: Message) -> Accepted | DeliveryError:
        assert isinstance(message.rendered, Text)
        sender = self._carrier.senders.for_recipient(message.address)[0]
        if stopped := self._down or self._closed.get(sender):
            return copy(stopped)
        self._begins([index])
        try:
            return await self._carrier.send(message.address, message.rendered, message.delivery)
        except DeliveryError as error:
            whole = error.code in self._carrier.whole_account
            if isinstance(error, TooFast):
                error.gate = self._account if whole else ""
                self._closed[sender] = error
            if whole and isinstance(error, ProviderDown | TooFast):
                self._down = error
            return error
