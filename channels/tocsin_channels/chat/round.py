"""One batch on its way: a line for each address, in order, and several lines at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

import structlog

from tocsin.domain.answers import begins_of
from tocsin.domain.channel import Answered, Message, Result
from tocsin.domain.chat_address import ChatRules, Service
from tocsin.domain.errors import AddressDead, Ambiguous, DeliveryError, GiveUp, ProviderDown, Refused, TryAgain
from tocsin_channels.chat.post import Post
from tocsin_channels.chat.redact import redacted, shown

if TYPE_CHECKING:
    from tocsin_channels.chat.carriers import Carriers

log = structlog.get_logger()

_AT_ONCE = 8


class Round:
    """Sends one batch; `answered` hears of each message as soon as its outcome is known."""

    def __init__(self, rules: ChatRules, carriers: Carriers, answered: Answered) -> None:
        self._rules = rules
        self._carriers = carriers
        self._answered = answered
        self._begins = begins_of(answered)
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._down: dict[Service, ProviderDown] = {}

    async def send(self, messages: Sequence[Message]) -> None:
        lines: dict[str, list[tuple[int, Message]]] = {}
        for index, message in enumerate(messages):
            lines.setdefault(message.address, []).append((index, message))
        async with asyncio.TaskGroup() as group:
            for address, line in lines.items():
                group.create_task(self._send_line(address, line))

    async def _send_line(self, address: str, line: Sequence[tuple[int, Message]]) -> None:
        """Send to one address, one after the other: what stops one of them would stop the next as well."""
        stopped: DeliveryError | None = None
        async with self._turns:
            for index, message in line:
                self._begins([index])
                result: Result = stopped or await self._send_one(address, message)
                self._answered(index, result)
                if isinstance(result, DeliveryError):
                    stopped = stopped or _stops(result)

    async def _send_one(self, address: str, message: Message) -> Result:
        post = message.rendered
        assert isinstance(post, Post)
        try:
            to = self._rules.read(address)
        except Refused as error:  # it was taken once: settings have changed since
            return GiveUp(f"This installation does not write to {shown(address)} any more: {error}")
        if (down := self._down.get(to.service)) is not None:
            return down
        try:
            return await self._carriers.send(to, message, post)
        except ProviderDown as error:
            if to.service is Service.SLACK_BOT:  # one token for all channels
                self._down[to.service] = error
            return error
        except DeliveryError as error:
            return error
        except Exception as error:  # noqa: BLE001 - one broken address must not stop the others
            log.warning("chat.broke", service=to.service.value, error=type(error).__name__)
            return Ambiguous(redacted(f"Sending broke: {type(error).__name__}: {error}", address))


def _stops(error: DeliveryError) -> DeliveryError | None:
    """Return what the following messages to the same address are told, None where they may try."""
    if isinstance(error, (AddressDead, TryAgain)):
        return error
    if isinstance(error, Ambiguous):
        return TryAgain("An earlier message to this address has had no answer yet.")
    return None
