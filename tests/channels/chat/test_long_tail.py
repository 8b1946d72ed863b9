"""Services that only Apprise knows, by its Mattermost: the real library over the wire to a server of our own."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from chat_to_send import accepted, message_to, refused, send, send_to, version
from mail_to_send import chapter
from tocsin.domain.errors import AddressDead, Ambiguous, DeliveryError, GiveUp, ProviderDown, TooFast, TryAgain
from tocsin_channels.chat.channel import ChatChannel
from tocsin_channels.chat.redact import redacted, shown

# Apprise looks for a module that Python 3.13 took away, and does without where it is not there.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

TOKEN = "s3cr3tt0k3ns3cr3tt0k3ns3c"


@dataclass(slots=True)
class Mattermost:
    """`status` is what it answers; what it got is in `posts`."""

    port: int = 0
    status: int = 200
    seconds: float = 0.0
    posts: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    @property
    def address(self) -> str:
        return f"apprise:mmost://127.0.0.1:{self.port}/{TOKEN}"

    async def take(self, request: web.Request) -> web.Response:
        self.posts.append(json.loads(await request.read()))
        await asyncio.sleep(self.seconds)
        return web.Response(status=self.status, text="ok", headers={"Location": "/elsewhere"})


@pytest.fixture
async def mattermost() -> AsyncIterator[Mattermost]:
    server = Mattermost()
    app = web.Application()
    app.router.add_post("/hooks/{token}", server.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.port = runner.addresses[0][1]
    yield server
    await runner.cleanup()


@pytest.fixture
def channel(channel_to: Callable[..., ChatChannel]) -> ChatChannel:
    return channel_to()


async def test_the_story_arrives_in_one_message(channel: ChatChannel, mattermost: Mattermost) -> None:
    result = accepted(await send_to(channel, mattermost.address, chapter(body="See @channel " + "word " * 9_000)))
    assert (result.note, result.thread) == ("by mmost", "")
    [post] = mattermost.posts
    assert "Checkout is failing" in post["text"]
    assert "@channel" not in post["text"]
    assert len(post["text"]) <= 4_000


async def test_several_to_one_address_do_not_sleep_between(channel: ChatChannel, mattermost: Mattermost) -> None:
    told = [version(1, incident=f"incident{number}") for number in range(4)]
    async with asyncio.timeout(4):  # Apprise's own pace for one sender is 5.5 s a message for services without one
        results = await send(channel, *(message_to(channel, mattermost.address, one) for one in told))
    assert [accepted(result).note for result in results] == ["by mmost"] * 4
    assert len(mattermost.posts) == 4


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, GiveUp), (401, ProviderDown), (403, ProviderDown), (404, AddressDead), (410, AddressDead), (413, GiveUp),
     (429, TooFast), (500, TryAgain), (503, TryAgain)],
)  # fmt: skip
async def test_what_went_wrong_is_read_from_the_log(
    status: int, kind: type[DeliveryError], channel: ChatChannel, mattermost: Mattermost
) -> None:
    mattermost.status = status
    result = refused(await send_to(channel, mattermost.address))
    assert type(result) is kind
    assert result.code == status
    assert TOKEN not in result.note
    assert len(mattermost.posts) == 1


async def test_no_answer_is_unknown(channel_to: Callable[..., ChatChannel], mattermost: Mattermost) -> None:
    mattermost.seconds = 3.0
    result = refused(await send_to(channel_to(seconds=0.5), mattermost.address))
    assert isinstance(result, (Ambiguous, TryAgain))
    assert TOKEN not in result.note


async def test_nobody_there_is_tried_again(channel: ChatChannel) -> None:
    result = refused(await send_to(channel, f"apprise:mmost://127.0.0.1:9/{TOKEN}"))
    assert type(result) is TryAgain
    assert TOKEN not in result.note


async def test_an_address_that_apprise_cannot_read_is_given_up(channel: ChatChannel) -> None:
    result = refused(await send_to(channel, "apprise:discord://only-one-part"))
    assert type(result) is GiveUp
    assert "only-one-part" not in result.note


def test_nothing_heavy_is_loaded_where_nothing_is_sent() -> None:
    script = """
import sys
import tocsin_channels.registry
print(sorted({"apprise", "slack_sdk"} & set(sys.modules)))
"""
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_secrets_stay_out_of_notes() -> None:
    address = "apprise:discord://123456/abcdef-ghijkl?footer=yes"
    assert redacted("POST discord 123456/abcdef-ghijkl failed", address) == "POST discord …/… failed"
    encoded = "apprise:tgram://123456%3Aabcdef-ghijkl/chat"
    assert redacted("GET /bot123456:abcdef-ghijkl/me failed", encoded) == "GET /bot…:…/me failed"
    assert shown(address) == "apprise:discord://…"
    assert shown("https://user:pass@hooks.slack.com/services/T/B/x") == "https://hooks.slack.com/…"
    assert shown("slack:#incidents") == "slack:#incidents"
