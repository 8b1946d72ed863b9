"""The practice networks on a free port, and channels to them that are closed afterwards."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import pytest

from social_desk import WORDING, Desk, accounts_at
from tocsin.practice.bluesky import PracticeBluesky
from tocsin.practice.http import LookAlike, PracticeHttp
from tocsin.practice.mastodon import PracticeMastodon
from tocsin.practice.social_log import Asked, posted
from tocsin.practice.x import PracticeX
from tocsin_channels.social.channel import LinkPolicy, SocialChannel
from tocsin_channels.social.thread import Restraint


@pytest.fixture
def outbox(tmp_path: Path) -> Path:
    return tmp_path / "outbox.sqlite"


@pytest.fixture
async def networks(outbox: Path) -> AsyncGenerator[str]:
    """Where the practice networks answer."""
    look_alikes: list[LookAlike] = [PracticeX(outbox), PracticeMastodon(outbox), PracticeBluesky(outbox)]
    async with PracticeHttp(look_alikes) as server:
        yield f"http://127.0.0.1:{server.port}"


@pytest.fixture
async def make_desk(networks: str) -> AsyncGenerator[Callable[..., Desk]]:
    channels: list[SocialChannel] = []

    def make(
        link: LinkPolicy = "first",
        restraint: Restraint = Restraint(gap=0),  # noqa: B008 - frozen
        seconds: float = 0.5,
        url: str = networks,
        now: Callable[[], float] = lambda: 1_000_000.0,
    ) -> Desk:
        channels.append(SocialChannel(accounts_at(url), WORDING, link, restraint, seconds, now))
        return Desk(channels[-1])

    yield make
    for channel in channels:
        await channel.close()


@pytest.fixture
def desk(make_desk: Callable[..., Desk]) -> Desk:
    return make_desk(seconds=5.0)


@pytest.fixture
def taken(outbox: Path) -> Callable[[], list[Asked]]:
    """What was posted, the oldest first."""
    return lambda: posted(outbox)
