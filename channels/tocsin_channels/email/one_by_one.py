"""Mails that go out in a request each, several at once; what stops the account stops the rest of them as well."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from tocsin.domain.answers import begins_of
from tocsin.domain.channel import Accepted, Answered, Message
from tocsin.domain.errors import DeliveryError, ProviderDown, TooFast
from tocsin_channels.email.envelopes import Envelope, write

Send = Callable[[Envelope], Awaitable[Accepted]]


async def send_each(messages: Sequence[Message], answered: Answered, at_once: int, send: Send) -> None:
    """Call `send` for each message, `at_once` of them at a time, and answer for each once."""
    begins = begins_of(answered)
    waiting = list(enumerate(messages))
    waiting.reverse()
    stop: DeliveryError | None = None

    async def carry() -> None:
        nonlocal stop
        while waiting:
            index, message = waiting.pop()
            if stop is not None:
                answered(index, stop)
                continue
            try:
                envelope = write(index, message)
                begins([index])
                answered(index, await send(envelope))
            except DeliveryError as error:
                stop = stop or for_all(error)
                answered(index, error)

    async with asyncio.TaskGroup() as group:
        for _ in range(min(at_once, len(waiting))):
            group.create_task(carry())


def for_all(error: DeliveryError) -> DeliveryError | None:
    """Return what the others of a batch are told unasked: our account is refused, or asked to be slower."""
    return error if isinstance(error, ProviderDown | TooFast) else None
