"""What tests of text messages stand on: the look-alike of Twilio, and servers that answer as they are told."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from texts_to_send import SID, TOKEN, sms_channel
from tocsin.practice.http import PracticeHttp
from tocsin.practice.outbox import outbox_path
from tocsin.practice.twilio import PracticeTwilio
from tocsin_channels.sms.channel import SmsChannel

ChannelTo = Callable[..., SmsChannel]


@dataclass
class Scripted:
    """A server that reads one request and answers `says`, or hangs up; None never answers.

    Who posts is answered `says_to_posts`, where that is something.
    """

    says: bytes | None = b""
    says_to_posts: bytes = b""
    requests: list[bytes] = field(default_factory=list[bytes])
    url: str = ""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            length = next((line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")), b":0")
            self.requests.append(head + await reader.readexactly(int(length.partition(b":")[2])))
            says = (head.startswith(b"POST") and self.says_to_posts) or self.says
            if says is None:
                await reader.read()
            else:
                writer.write(says)
                await writer.drain()
        writer.close()


@pytest.fixture
async def scripted() -> AsyncIterator[Scripted]:
    made = Scripted()
    server = await asyncio.start_server(made.answer, "127.0.0.1")
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield made
    server.close()


@pytest.fixture
def outbox(tmp_path: Path) -> Path:
    return outbox_path(tmp_path)


@pytest.fixture
async def practice(outbox: Path) -> AsyncIterator[str]:
    """Return the address of a look-alike of Twilio."""
    async with PracticeHttp([PracticeTwilio(outbox, SID, TOKEN, "http://127.0.0.1:1/receipts/twilio")]) as server:
        yield f"http://{server.host}"


@pytest.fixture
async def channel_to() -> AsyncIterator[ChannelTo]:
    """Make channels as `sms_channel` does, and close them afterwards."""
    made: list[SmsChannel] = []

    def make(url: str, **wishes: object) -> SmsChannel:
        made.append(sms_channel(url, **wishes))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for channel in made:
        await channel.close()
