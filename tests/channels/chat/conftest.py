"""What tests of chat stand on: the look-alikes of Slack and Teams, and channels to them that are closed afterwards."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from chat_to_send import chat_channel
from tocsin.practice.chat import ChatServices
from tocsin.practice.http import PracticeHttp
from tocsin_channels.chat.channel import ChatChannel


@pytest.fixture
def outbox(tmp_path: Path) -> Path:
    return tmp_path / "practice" / "outbox.sqlite"


@pytest.fixture
async def services(outbox: Path) -> AsyncIterator[str]:
    """Return the address of the look-alikes."""
    async with PracticeHttp([ChatServices(outbox)]) as server:
        yield f"http://{server.host}"


@pytest.fixture
async def channel_to() -> AsyncIterator[Callable[..., ChatChannel]]:
    """Make channels as `chat_channel` does."""
    made: list[ChatChannel] = []

    def make(*args: str, **wishes: object) -> ChatChannel:
        made.append(chat_channel(*args, **wishes))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for channel in made:
        await channel.close()


@pytest.fixture
def channel(services: str, channel_to: Callable[..., ChatChannel]) -> ChatChannel:
    return channel_to(services)
