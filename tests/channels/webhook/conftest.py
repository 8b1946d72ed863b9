"""Webhook channels that are closed afterwards."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from hooks import ANYWHERE
from tocsin.domain.reach import Reach
from tocsin_channels.calling.gate import Lookup, look_up
from tocsin_channels.webhook.channel import WebhookChannel


@pytest.fixture
async def channel_with() -> AsyncIterator[Callable[..., WebhookChannel]]:
    """Make channels that go anywhere and wait for five seconds, unless they are told otherwise."""
    made: list[WebhookChannel] = []

    def make(reach: Reach = ANYWHERE, *, seconds: float = 5.0, lookup: Lookup = look_up) -> WebhookChannel:
        made.append(WebhookChannel(reach, seconds, 20, lookup))
        return made[-1]

    yield make
    for channel in made:
        await channel.close()


@pytest.fixture
def channel(channel_with: Callable[..., WebhookChannel]) -> WebhookChannel:
    return channel_with()
